from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ilk
from ilk.errors import SourceError
from ilk.sources import excludes, ignore

GIT = shutil.which("git")

# Few letters, so that patterns match. Every file is a picture by its suffix, which patterns need not spell out.
NAMES = st.sampled_from(["a", "b", "ab", "foo", "a b", "#a", "!a", "a[b]"])
FILES = NAMES.map(lambda name: f"{name}.jpg")
PLACES = st.lists(NAMES, max_size=3).map("/".join)
TREES = st.lists(st.tuples(PLACES, FILES), min_size=1, max_size=12)
PIECES = st.sampled_from(
    [*"ab*?//", "foo", "**", ".jpg", "[ab]", "[!b]", "[^a]", "[a-c]", "\\#a", "\\!", "\\ ", " ", "\\["]
)
STARTS = st.sampled_from(["", "", "!", "/", "#"])
PATTERNS = st.builds("{}{}".format, STARTS, st.lists(PIECES, max_size=5).map("".join))
# Blanks at the end are cut off a line of a file, which git does not do with a pattern that is asked for.
ASKED = PATTERNS.filter(lambda pattern: not pattern.endswith(" "))
FILES_OF_PATTERNS = st.dictionaries(PLACES, st.lists(PATTERNS, max_size=5), max_size=3)


def write_tree(top: Path, tree: Sequence[tuple[str, str]], rules: dict[str, list[str]]) -> None:
    """Make the files of a tree and its ignore files; a name that is taken stays what it is."""
    for place, name in tree:
        (top / place).mkdir(parents=True, exist_ok=True)
        (top / place / name).touch()
    for place, patterns in rules.items():
        if (top / place).is_dir():
            (top / place / ".ilkignore").write_text("\n".join(patterns), encoding="utf-8")


def listed_by_git(top: Path, patterns: Sequence[str] = ()) -> set[str]:
    """The pictures that git would add, if .ilkignore were its .gitignore."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_DIR": str(top.parent / "repository"),
        "GIT_WORK_TREE": str(top),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "HOME": str(top.parent),
    }
    subprocess.run(["git", "init", "--quiet"], env=environment, check=True, capture_output=True, cwd=top)
    command = ["git", "ls-files", "--others", "-z", "--exclude-per-directory=.ilkignore"]
    command += [f"--exclude={pattern}" for pattern in patterns]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=top)
    return {name for name in done.stdout.split("\0") if name.endswith(".jpg")}


def listed_by_ilk(top: Path, patterns: Sequence[str] = ()) -> set[str]:
    listing = ilk.folder(top, hidden=True, ignore=patterns).listing(top)
    try:
        return {entry.id for entry in listing}
    except SourceError as error:
        if "no picture" not in str(error):
            raise
        return set()


@pytest.mark.skipif(GIT is None, reason="git, which is compared with, is not installed")
@settings(max_examples=150, deadline=None)
@given(tree=TREES, rules=FILES_OF_PATTERNS, asked=st.lists(ASKED, max_size=2))
@example(tree=[("a/b", "foo.jpg")], rules={"": ["a/**/b", "!b/"]}, asked=[])  # a file in what matched, and came back
@example(tree=[("a", "b.jpg")], rules={"": ["foo/**", "a/**", "!a/b.jpg"]}, asked=[])  # what is in it, not itself
@example(tree=[("a", "b.jpg")], rules={"": ["/a[!x]b.jpg"]}, asked=[])  # brackets do not match a slash
@example(tree=[("a ", "b.jpg")], rules={"": ["a /"]}, asked=[])
def test_rules_are_those_of_git(tree: list[tuple[str, str]], rules: dict[str, list[str]], asked: list[str]) -> None:
    """Whatever the patterns, wherever their files: what is passed over is what git passes over."""
    with tempfile.TemporaryDirectory() as place:
        top = Path(place) / "top"
        top.mkdir()
        write_tree(top, tree, rules)
        assert listed_by_ilk(top, asked) == listed_by_git(top, asked)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A folder with pictures in two folders."""
    for name in ("a.jpg", "2023/a.jpg", "2023/b.jpg", "2024/a.jpg", "2024/deep/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_patterns_are_relative_to_their_file(top: Path) -> None:
    """With a slash in front only there, without one anywhere below."""
    (top / "2024" / ".ilkignore").write_text("/a.jpg\n")
    assert listed_by_ilk(top) == {"a.jpg", "2023/a.jpg", "2023/b.jpg", "2024/deep/a.jpg"}
    (top / "2024" / ".ilkignore").write_text("a.jpg\n")
    assert listed_by_ilk(top) == {"a.jpg", "2023/a.jpg", "2023/b.jpg"}


def test_a_deeper_file_wins(top: Path) -> None:
    """What is ignored above can be taken back below."""
    (top / ".ilkignore").write_text("a.jpg\n")
    (top / "2024" / ".ilkignore").write_text("!a.jpg\n")
    assert listed_by_ilk(top) == {"2023/b.jpg", "2024/a.jpg", "2024/deep/a.jpg"}


def test_nothing_comes_back_from_an_ignored_directory(top: Path) -> None:
    """It is never looked into, as git does it."""
    (top / ".ilkignore").write_text("2024/\n!2024/a.jpg\n")
    (top / "2024" / ".ilkignore").write_text("!a.jpg\n")
    assert listed_by_ilk(top) == {"a.jpg", "2023/a.jpg", "2023/b.jpg"}


def test_rules_above_the_folder_hold_too(top: Path) -> None:
    """Up to the gallery: the same pictures are found whether all of it is named or a part."""
    (top / ".ilkignore").write_text("/2024/a.jpg\nb.jpg\n")
    assert {entry.id for entry in ilk.folder(top / "2024").listing(top)} == {"2024/deep/a.jpg"}
    assert {entry.id for entry in ilk.folder(top / "2023").listing(top)} == {"2023/a.jpg"}


def test_what_is_asked_for_wins_over_files(top: Path) -> None:
    """In both directions, relative to the folder that is named; a single pattern needs no list."""
    (top / ".ilkignore").write_text("*.jpg\n")
    assert {entry.id for entry in ilk.folder(top / "2024", ignore="!/a.jpg").listing(top)} == {"2024/a.jpg"}


def test_files_of_windows_are_read(top: Path) -> None:
    """With their line ends and their byte order mark."""
    (top / ".ilkignore").write_bytes(b"\xef\xbb\xbfb.jpg\r\n2024/\r\n")
    assert listed_by_ilk(top) == {"a.jpg", "2023/a.jpg"}


@pytest.mark.parametrize("empty", [b"", b"\n\n", b"# nothing\n"])
def test_an_empty_file_ignores_nothing(top: Path, empty: bytes) -> None:
    """Nor is it an error."""
    (top / ".ilkignore").write_bytes(empty)
    assert len(listed_by_ilk(top)) == 5


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_are_no_text_are_matched(tmp_path: Path) -> None:
    """By the same bytes, and by wildcards across line breaks."""
    for name in (b"caf\xe9.jpg", b"two\nlines.jpg", b"a.jpg"):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).touch()  # noqa: PTH118 -- a name in bytes
    (tmp_path / ".ilkignore").write_bytes(b"caf\xe9.jpg\ntwo*lines.jpg\n")
    assert listed_by_ilk(tmp_path) == {"a.jpg"}


@pytest.mark.parametrize("pattern", ["a\\", "[z-a]", "[[:alpha:]].jpg"])
def test_a_pattern_that_cannot_be_read_is_named(top: Path, pattern: str) -> None:
    """Rather than ignored: who wrote it believes that something is left out."""
    (top / "2024" / ".ilkignore").write_text(f"b.jpg\n{pattern}\n")
    listing = ilk.folder(top).listing(top)
    with pytest.raises(SourceError, match=r"line 2 of .*2024"):
        list(listing)
    with pytest.raises(SourceError):
        listing.count()
    with pytest.raises(SourceError, match="cannot be read"):
        ilk.folder(top, ignore=[pattern]).listing(top)


@pytest.mark.parametrize("pattern", excludes.EXCLUDES)
def test_every_exclude_has_an_effect_and_a_reason(tmp_path: Path, pattern: str) -> None:
    """Something that it names is passed over, or for one that takes back, is listed, if hidden files are asked for."""
    assert excludes.EXCLUDES[pattern]
    name = pattern.lstrip("!").replace("**/", "").replace("\\", "").replace("*", "x")
    path = tmp_path / (f"{name}/a.jpg" if not name.startswith("._") else f"{name}.jpg")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    (tmp_path / "else.jpg").touch()
    expected = {"else.jpg"} | ({path.relative_to(tmp_path).as_posix()} if pattern.startswith("!") else set())
    assert listed_by_ilk(tmp_path) == expected


def test_an_exclude_can_be_taken_back(tmp_path: Path) -> None:
    """In an ignore file, as hidden files can."""
    for name in ("node_modules/a.jpg", ".wallpapers/b.jpg", ".other/c.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / ".ilkignore").write_text("!node_modules/\n!.wallpapers/\n")
    found = {entry.id for entry in ilk.folder(tmp_path).listing(tmp_path)}
    assert found == {"node_modules/a.jpg", ".wallpapers/b.jpg"}


def test_the_default_rules_are_read_once() -> None:
    """They are the same for every folder."""
    assert ignore.default_rules(hidden=True) is ignore.default_rules(hidden=True)
    assert ignore.default_rules(hidden=True) is not ignore.default_rules(hidden=False)
