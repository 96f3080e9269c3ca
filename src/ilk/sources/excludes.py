"""What is passed over in every folder, and why: patterns of gitignore; ``!`` in an ``.ilkignore`` takes one back."""

from __future__ import annotations

EXCLUDES: dict[str, str] = {
    "*.ilk/": "a gallery",
    ".git/": "what a version control system keeps for itself",
    ".hg/": "the same, of Mercurial",
    ".svn/": "the same, of Subversion",
    "node_modules/": "other people's icons, by the thousand",
    "@eaDir/": "thumbnails that a Synology keeps beside the pictures",
    r"\#recycle/": "a Synology's bin",
    ".@__thumb/": "thumbnails that a QNAP keeps beside the pictures",
    "@Recycle/": "a QNAP's bin",
    "$RECYCLE.BIN/": "the bin of Windows",
    "System Volume Information/": "what Windows keeps on every drive, and nobody may read",
    ".Trash*/": "the bin of a desktop or a Mac",
    ".thumbnails/": "thumbnails of a desktop or a telephone",
    "lost+found/": "what a file system found after a crash, and only its administrator may read",
    "__MACOSX/": "what a Mac packs beside the files of an archive",
    "._*": "what a Mac keeps of a file on a foreign drive, under the picture's own suffix",
    "**/*.photoslibrary/*": "smaller copies that Apple's Photos keeps",
    "!**/*.photoslibrary/originals": "the pictures of Apple's Photos themselves",
    "!**/*.photoslibrary/Masters": "the same, in an older library",
    "*.lrdata/": "previews that Lightroom keeps",
}
"""Pattern to reason, the least important first. Files that no suffix makes a picture, such as ``Thumbs.db``, are not
chosen anyway."""

HIDDEN = ".*"
"""What is passed over unless hidden files are asked for."""
