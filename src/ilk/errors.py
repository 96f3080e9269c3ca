"""Everything that can go wrong, as one tree.

::

    IlkError
    ├── InputError                what was asked makes no sense as it stands
    │   ├── QueryError            a query that cannot be read
    │   │   └── FilterError       a filter that cannot
    │   ├── ItemNotFoundError     an id the gallery does not hold
    │   └── SourceError           pictures that cannot be listed: no such folder
    │       └── EmptySourceError  one that is there and has no picture: an empty folder
    ├── PictureError              bytes that are no picture, or one beyond the limits
    ├── ModelError
    │   ├── ModelNotFoundError    no model of that name, here or where it could be fetched from
    │   ├── ModelFormatError      files that are not a model ilk can run
    │   ├── ModelMemoryError      a model that a device has too little memory for
    │   ├── ModelMismatchError    vectors of one model asked of another
    │   └── ModalityError         words asked of a model that only sees, or the reverse
    ├── GalleryError
    │   ├── GalleryNotFoundError
    │   ├── GalleryExistsError
    │   ├── GalleryLockedError    another process is writing
    │   ├── GalleryVersionError   written by a newer ilk
    │   ├── GalleryDamagedError   the database does not hold what it says
    │   └── GalleryStorageError   the place cannot be written: permissions, a full disk
    └── MissingExtraError         a part of ilk that was not installed

    TextCutWarning                a text that a model read only the beginning of; a warning, since there is an answer

Each message says what was wrong, with which input, and what to do next. The class decides the exit code of the
command line and the status over HTTP, so that no other place has to.
"""

from __future__ import annotations

from typing import ClassVar


class IlkError(Exception):
    """Anything ilk itself reports. Catch this to catch them all.

    Attributes
    ----------
    exit_code
        What the command line returns: 2 is wrong use or bad input, 1 is nothing found.
    http_status
        What the service answers.
    """

    exit_code: ClassVar[int] = 2
    http_status: ClassVar[int] = 400


class InputError(IlkError):
    """What was asked makes no sense as it stands."""


class QueryError(InputError):
    """A query that cannot be read."""


class FilterError(QueryError):
    """A filter that cannot be read, or that asks for what makes no sense.

    Parameters
    ----------
    sentence
        What is wrong.
    shown
        Lines that show where: a piece of the expression, and a caret below. ``str`` of the error has them too.
    """

    def __init__(self, sentence: str, *, shown: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join([sentence, *shown]))
        self.sentence = sentence
        self.shown = shown


class ItemNotFoundError(InputError):
    """An id that the gallery does not hold."""

    http_status = 404


class SourceError(InputError):
    """Pictures that cannot be listed."""


class EmptySourceError(SourceError):
    """A source that can be listed and has no picture."""


class PictureError(IlkError):
    """Bytes that are no picture, or one beyond the limits.

    Parameters
    ----------
    message
        The whole sentence.
    code
        The reason as one word, stable enough to count by: ``"empty"``, ``"not-a-picture"``, ``"unsupported"`` (one
        that cannot be read here), ``"truncated"``, ``"damaged"``, ``"too-many-pixels"``, ``"too-many-bytes"``,
        ``"unreadable"`` (the file system or the machine refused, not the picture: it may do so no longer),
        ``"malformed-row"`` (of a table), ``"id-taken"`` (by another source's picture), ``"no-vector"`` (of the model).
        Of URLs also: ``"not-found"`` (404, 410), ``"refused"`` (401, 403, 451 and all other 4xx), ``"server-error"``
        (5xx, and answers that make no sense), ``"timeout"``, ``"no-connection"`` (no such name, nobody there, no
        valid certificate), ``"forbidden-address"`` (inside this machine or its network, or out of the web),
        ``"too-many-redirects"``, ``"opted-out"``, ``"bad-url"``.
    """

    http_status = 422

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ModelError(IlkError):
    """Something about a model."""


class ModelNotFoundError(ModelError):
    """No model of that name."""

    http_status = 404


class ModelFormatError(ModelError):
    """Files that are not a model ilk can run."""


class ModelMemoryError(ModelError):
    """A model that a device has too little memory for."""

    http_status = 503


class ModelMismatchError(ModelError):
    """Vectors of one model asked of another."""

    http_status = 409


class ModalityError(ModelError):
    """Words asked of a model that only sees, or pictures of one that only reads."""


class GalleryError(IlkError):
    """Something about the gallery as a whole."""


class GalleryNotFoundError(GalleryError):
    """No gallery here."""

    http_status = 404


class GalleryExistsError(GalleryError):
    """A gallery is here already."""

    http_status = 409


class GalleryLockedError(GalleryError):
    """Another process is writing."""

    http_status = 423


class GalleryVersionError(GalleryError):
    """The gallery was written by a newer ilk."""

    http_status = 500


class GalleryDamagedError(GalleryError):
    """The database does not hold what it says."""

    http_status = 500


class GalleryStorageError(GalleryError):
    """The place cannot be written: permissions, a read-only disk, a full one."""

    http_status = 507


class MissingExtraError(IlkError):
    """A part of ilk that was not installed; the message names the ``pip install``."""

    http_status = 501


class TextCutWarning(UserWarning):
    """A text that is longer than the model reads, and was cut. Its vector says nothing of what was left out."""
