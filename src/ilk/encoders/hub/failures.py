"""What huggingface_hub raises, as sentences that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ilk.errors import IlkError, ModelNotFoundError

WAYS_OUT = (
    "Fetch it where there is a connection (`ilk models fetch`) and copy the cache here, name a local folder, or use "
    "the built-in pocket."
)


@contextmanager
def explained(repository: str, revision: str | None, name: str) -> Iterator[None]:
    """Turn what the library raises into a sentence."""
    from huggingface_hub import constants, errors

    try:
        yield
    except IlkError:
        raise
    except errors.GatedRepoError as error:
        raise ModelNotFoundError(
            f"{name} is given only to people who accept its conditions: do so at {constants.ENDPOINT}/{repository}, "
            "run `hf auth login`, and try again."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelNotFoundError(f"{repository} has no revision {revision!r} on {constants.ENDPOINT}.") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelNotFoundError(
            f"There is no model {repository} on {constants.ENDPOINT}, or it is private and you are not logged in "
            "(`hf auth login`). `pocket` is built in, and a local folder works too."
        ) from error
    except Exception as error:  # the library has changed its network layer, and each raises classes of its own
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
        raise ModelNotFoundError(
            f"{name} is not on this machine and could not be fetched from {constants.ENDPOINT} ({reason}). {WAYS_OUT}"
        ) from error
