"""One exception for each status code of vit.h, each also a kind of the built-in exception that fits best."""

from . import _api


class Error(Exception):
    """A failed call. `status` is the negative VIT_ERROR_ number."""

    status = _api.ERROR_INTERNAL


class ArgumentError(Error, ValueError):
    status = _api.ERROR_ARGUMENT


class OutOfMemoryError(Error, MemoryError):
    status = _api.ERROR_MEMORY


class FileError(Error, OSError):
    """The file could not be opened, read or written."""

    status = _api.ERROR_IO


class FormatError(Error, ValueError):
    """Not a file format that the library knows."""

    status = _api.ERROR_FORMAT


class CorruptError(FormatError):
    """A known format, but broken."""

    status = _api.ERROR_CORRUPT


class UnsupportedError(Error, NotImplementedError):
    status = _api.ERROR_UNSUPPORTED


class LimitError(Error, ValueError):
    """Larger than a built-in or configured cap."""

    status = _api.ERROR_LIMIT


class BufferSizeError(Error, ValueError):
    status = _api.ERROR_BUFFER


class StateError(Error, RuntimeError):
    """Calls in the wrong order, or on a closed model."""

    status = _api.ERROR_STATE


class CancelledError(Error):
    """The progress callback asked to stop."""

    status = _api.ERROR_CANCELLED


class ModelError(Error, ValueError):
    """Readable, but not a model that can be run."""

    status = _api.ERROR_MODEL


class InternalError(Error):
    status = _api.ERROR_INTERNAL


_BY_STATUS = {
    kind.status: kind
    for kind in (
        ArgumentError, OutOfMemoryError, FileError, FormatError, CorruptError, UnsupportedError, LimitError,
        BufferSizeError, StateError, CancelledError, ModelError, InternalError,
    )
}  # fmt: skip


def error_for(status: int, message: str) -> Error:
    """The exception for a status code; codes of later versions give a plain Error."""
    text = message or _api.library.vit_status_text(status).decode()
    error = _BY_STATUS.get(status, Error)(text)
    error.status = status
    return error
