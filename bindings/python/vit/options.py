"""Keyword arguments of Model turned into the library's options object."""

import ctypes
import json
import logging
import os
from typing import Any, Callable, Dict, List, Optional, Sequence, Union

from . import _api
from .errors import error_for

_log = logging.getLogger("vit")
_LEVELS = {_api.LOG_WARNING: logging.WARNING, _api.LOG_INFO: logging.INFO}


@_api.log_fn
def _to_logging(_user: Any, level: int, text: bytes) -> None:
    _log.log(_LEVELS.get(level, logging.INFO), "%s", text.decode("utf-8", "replace"))


def _names(prefix: str) -> Dict[str, int]:
    return {name[len(prefix) :].lower(): value for name, value in vars(_api).items() if name.startswith(prefix)}


#: keyword: (option, names that stand for numbers)
_INTEGERS = {
    "threads": (_api.OPT_THREADS, {}),
    "isa": (_api.OPT_ISA, _names("ISA_")),
    "precision": (_api.OPT_PRECISION, _names("PRECISION_")),
    "max_batch": (_api.OPT_MAX_BATCH, {}),
    "width": (_api.OPT_IMAGE_WIDTH, {}),
    "height": (_api.OPT_IMAGE_HEIGHT, {}),
    "max_image_side": (_api.OPT_MAX_IMAGE_SIDE, {}),
    "map": (_api.OPT_MAP, {}),
    "normalize": (_api.OPT_NORMALIZE, {}),
    "activation": (_api.OPT_ACTIVATION, _names("ACT_")),
    "pool": (_api.OPT_POOL, _names("POOL_")),
    "heads": (_api.OPT_HEADS, {}),
    "text": (_api.OPT_TEXT, {}),
    "text_heads": (_api.OPT_TEXT_HEADS, {}),
    "resize": (_api.OPT_RESIZE, _names("RESIZE_")),
    "filter": (_api.OPT_FILTER, _names("FILTER_")),
    "passes": (_api.OPT_PASSES, _names("PASSES_")),
    "position": (_api.OPT_POSITION, _names("POSITION_")),
    "max_memory": (_api.OPT_MAX_MEMORY, {}),
}
_REALS = {"eps": _api.OPT_EPS, "crop": _api.OPT_CROP}
_VECTORS = {"mean": _api.OPT_MEAN, "std": _api.OPT_STD}
_TEXTS = {"config": _api.OPT_CONFIG_JSON, "preprocessor": _api.OPT_PREPROCESSOR_JSON}

Progress = Callable[[int, int], Optional[bool]]


class Options:
    """An options object for the time of one load or clone: `with Options({...}) as options: ... options.handle`."""

    def __init__(self, values: Dict[str, Any], progress: Optional[Progress] = None) -> None:
        self.failure: Optional[BaseException] = None  # what the progress callback raised
        self._alive: List[Any] = []
        self.handle = _api.library.vit_options_create()
        if not self.handle:
            raise error_for(_api.ERROR_MEMORY, "")
        try:
            self._check(_api.library.vit_options_set_log(self.handle, _to_logging, None), "log", None)
            for name, value in values.items():
                if value is not None:
                    self._check(self._set(name, value), name, value)
            if progress is not None:
                self._set_progress(progress)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        _api.library.vit_options_free(self.handle)
        self.handle = None

    def __enter__(self) -> "Options":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    @staticmethod
    def _check(status: int, name: str, value: Any) -> None:
        if status != _api.OK:
            raise error_for(status, f"{name}={value!r} was refused: {_api.library.vit_status_text(status).decode()}")

    def _set(self, name: str, value: Any) -> int:
        library = _api.library
        if name in _INTEGERS:
            key, names = _INTEGERS[name]
            if isinstance(value, str):
                if value.lower() not in names:
                    raise error_for(_api.ERROR_ARGUMENT, f"{name} is one of {', '.join(names) or 'no names'}, not {value!r}")
                value = names[value.lower()]
            return library.vit_options_set_int(self.handle, key, int(value))
        if name in _REALS:
            return library.vit_options_set_real(self.handle, _REALS[name], float(value))
        if name in _VECTORS:
            numbers: Sequence[float] = [value] if isinstance(value, (int, float)) else list(value)
            block = (ctypes.c_float * len(numbers))(*numbers)
            return library.vit_options_set_vector(self.handle, _VECTORS[name], block, len(numbers))
        if name in _TEXTS:
            text: Union[str, bytes] = value if isinstance(value, (str, bytes)) else json.dumps(value)
            encoded = text.encode() if isinstance(text, str) else text
            self._alive.append(encoded)
            return library.vit_options_set_text(self.handle, _TEXTS[name], encoded)
        if name == "tokenizer":
            return self._set_tokenizer(value)
        raise TypeError(f"unknown option {name!r}; known: {', '.join([*_INTEGERS, *_REALS, *_VECTORS, *_TEXTS, 'tokenizer'])}")

    def _set_tokenizer(self, value: Any) -> int:
        """A path, or the content of a tokenizer's file."""
        content = isinstance(value, (bytes, bytearray, memoryview))
        kept = bytes(value) if content else os.fspath(value).encode("utf-8", "surrogateescape")
        self._alive.append(kept)
        if content:
            return _api.library.vit_options_set_tokenizer(self.handle, kept, len(kept))
        return _api.library.vit_options_set_text(self.handle, _api.OPT_TOKENIZER, kept)

    def _set_progress(self, progress: Progress) -> None:
        def forward(_user: Any, done: int, total: int) -> int:
            try:
                return 1 if progress(done, total) else 0
            except BaseException as error:  # must not pass through C: stop the load and raise it afterwards
                self.failure = error
                return 1

        callback = _api.progress_fn(forward)
        self._alive.append(callback)
        self._check(_api.library.vit_options_set_progress(self.handle, callback, None), "progress", progress)
