"""Whether a model fits on the disk of the cache, before it is fetched and while it is."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ilk.encoders.card import size_text
from ilk.encoders.hub.cache import home_of
from ilk.encoders.hub.listing import Listing
from ilk.errors import ModelNotFoundError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def require_room(repository: str, listing: Listing, wanted: tuple[str, ...], *, name: str) -> int:
    """The bytes that are still to be fetched, once it is sure that they fit."""
    from huggingface_hub import constants

    here = home_of(repository) / "snapshots" / listing.commit
    needed = sum(listing.sizes[file] or 0 for file in wanted if not (here / file).is_file())
    cache = Path(constants.HF_HUB_CACHE).absolute()
    free = shutil.disk_usage(next(each for each in (cache, *cache.parents) if each.exists())).free
    if needed > free:
        raise ModelNotFoundError(_no_room(name, needed, free))
    return needed


@contextmanager
def room_for(needed: int, name: str) -> Iterator[None]:
    """Say in a sentence that a disk has filled up, however the library wraps what the system says."""
    try:
        yield
    except Exception as error:
        if _is_full(error):
            raise ModelNotFoundError(_no_room(name, needed, 0)) from error
        raise


def _no_room(name: str, needed: int, free: int) -> str:
    from huggingface_hub import constants

    return (
        f"There is no room for {name}: it takes {size_text(needed)} in {constants.HF_HUB_CACHE}, where "
        f"{size_text(free)} are left. Make room, or set HF_HOME to a folder on a larger disk."
    )


def _is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind it, however wrapped."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
