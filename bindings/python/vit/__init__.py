"""Vision Transformers on a CPU, through the C library libvit.

    import vit

    with vit.Model("vit_tiny.vit") as model:
        for label, probability in model.classify("cat.jpg", top=3):
            print(f"{probability:6.1%}  {label}")

Pictures are file names, Pillow images, uint8 arrays [H, W, 3], preprocessed float32 arrays [C, H, W], or vit.Picture. What the
library has to say (guesses about a checkpoint, say) goes to logging.getLogger("vit").
"""

from . import _api
from .errors import (
    ArgumentError,
    BufferSizeError,
    CancelledError,
    CorruptError,
    Error,
    FileError,
    FormatError,
    InternalError,
    LimitError,
    ModelError,
    OutOfMemoryError,
    StateError,
    UnsupportedError,
)
from .model import Info, Model
from .pictures import Picture

__version__ = "1.0.0"


def library_version() -> str:
    """Version of the C library in use."""
    return _api.library.vit_version_text().decode()


def build_info() -> str:
    """Compiler, instruction sets and threads of the C library, for bug reports."""
    return _api.library.vit_build_text().decode()


__all__ = [
    "ArgumentError",
    "BufferSizeError",
    "CancelledError",
    "CorruptError",
    "Error",
    "FileError",
    "FormatError",
    "Info",
    "InternalError",
    "LimitError",
    "Model",
    "ModelError",
    "OutOfMemoryError",
    "Picture",
    "StateError",
    "UnsupportedError",
    "build_info",
    "library_version",
]
