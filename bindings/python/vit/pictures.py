"""Pictures in every shape that Python programs have them, turned into the C library's image without copying where possible.

Neither numpy nor Pillow is imported: arrays are recognised by __array_interface__, Pillow images by their methods.
"""

import ctypes
import os
import sys
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Sequence, Tuple

from . import _api

_FORMATS = {
    "rgb": (_api.PIXELS_RGB8, 3),
    "bgr": (_api.PIXELS_BGR8, 3),
    "rgba": (_api.PIXELS_RGBA8, 4),
    "bgra": (_api.PIXELS_BGRA8, 4),
    "gray": (_api.PIXELS_GRAY8, 1),
}
_GRAY, _RGB, _RGBA = "gray", "rgb", "rgba"


@dataclass
class Picture:
    """A picture with everything that can be said about it.

    data:    raw bytes (with width, height and format), or any other picture: an array, a Pillow image, a file name
    format:  of raw bytes: "rgb", "bgr", "rgba", "bgra" or "gray"; of an array: its channel order, default RGB
    stride:  of raw bytes: from one row to the next; 0: no gap; negative: the last row comes first
    region:  (x, y, width, height) of the part to use
    flip_*:  applied to the region
    """

    data: Any
    width: Optional[int] = None
    height: Optional[int] = None
    format: Optional[str] = None
    stride: int = 0
    region: Optional[Tuple[int, int, int, int]] = None
    flip_horizontal: bool = False
    flip_vertical: bool = False


def is_batch(images: Any) -> bool:
    """Whether this is several pictures: a list, a tuple, or an array with four dimensions."""
    if isinstance(images, (list, tuple)):
        return True
    interface = getattr(images, "__array_interface__", None)
    if interface is None and hasattr(images, "__array__"):
        return getattr(images, "ndim", 0) == 4
    return interface is not None and len(interface["shape"]) == 4


def convert(images: Sequence[Any], channels: int, width: int, height: int) -> Tuple[Any, List[Any]]:
    """An array of C images, and what must stay alive while it is used. The numbers are those of the model's input."""
    result = (_api.Image * max(len(images), 1))()
    alive: List[Any] = []
    for slot, image in zip(result, images):
        _fill(slot, image, (channels, height, width), alive)
    return result, alive


def read_file(path: Any) -> Any:
    """A picture file: PPM and PGM by itself, anything else through Pillow."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] in (b"P5", b"P6"):
        return _read_ppm(data, os.fspath(path))
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(f"reading {os.fspath(path)!r} needs Pillow; without it only .ppm and .pgm files can be read") from None
    with Image.open(path) as image:
        image.load()
        return image


def _read_ppm(data: bytes, name: str) -> Picture:
    fields: List[int] = []
    at = 2
    while len(fields) < 3:
        while data[at : at + 1].isspace():
            at += 1
        if data[at : at + 1] == b"#":
            at = data.find(b"\n", at) + 1 or len(data)
            continue
        start = at
        while data[at : at + 1].isdigit():
            at += 1
        if at == start or at - start > 9:
            raise ValueError(f"{name}: broken PPM header")
        fields.append(int(data[start:at]))
    width, height, most = fields
    kind = _RGB if data[:2] == b"P6" else _GRAY
    need = width * height * _FORMATS[kind][1]
    if most != 255 or not data[at : at + 1].isspace() or len(data) - at - 1 < need or need == 0:
        raise ValueError(f"{name}: not a complete 8-bit PPM or PGM picture")
    return Picture(data[at + 1 : at + 1 + need], width, height, kind)


def _fill(slot: _api.Image, image: Any, shape: Tuple[int, int, int], alive: List[Any]) -> None:
    options = image if isinstance(image, Picture) else None
    data = options.data if options else image
    if isinstance(data, (str, os.PathLike)):
        data = read_file(data)
        if isinstance(data, Picture):
            options, data = _merge(options, data), data.data
    if options and (options.width is not None or options.height is not None):
        _fill_bytes(slot, options, data, alive)
    elif hasattr(data, "tobytes") and hasattr(data, "mode") and hasattr(data, "size"):
        _fill_pillow(slot, data, alive)
    elif hasattr(data, "__array_interface__"):
        _fill_array(slot, data, options.format if options else None, shape, alive)
    elif hasattr(data, "__array__"):
        _fill_array(slot, _numpy_for("this kind of array").asarray(data), options.format if options else None, shape, alive)
    elif isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("raw bytes need their size: vit.Picture(data, width, height, 'rgb')")
    else:
        raise TypeError(f"{type(data).__name__} is not a picture: give a file name, Pillow image, array or vit.Picture")
    if options:
        if options.region is not None:
            slot.region_x, slot.region_y, slot.region_width, slot.region_height = options.region
        slot.flip = _api.FLIP_HORIZONTAL * bool(options.flip_horizontal) | _api.FLIP_VERTICAL * bool(options.flip_vertical)


def _merge(options: Optional[Picture], file: Picture) -> Picture:
    """What was said about a file, and the pixels that were in it."""
    if options is None:
        return file
    return replace(
        file, region=options.region, flip_horizontal=options.flip_horizontal, flip_vertical=options.flip_vertical
    )


def _fill_bytes(slot: _api.Image, options: Picture, data: Any, alive: List[Any]) -> None:
    """Raw bytes. The library cannot know how long the buffer is, so that is checked here."""
    if options.format not in _FORMATS:
        raise ValueError(f"format must be one of {', '.join(_FORMATS)}, not {options.format!r}")
    width, height = int(options.width or 0), int(options.height or 0)
    code, channels = _FORMATS[options.format]
    row = width * channels
    stride = options.stride or row
    view = memoryview(data)
    if width < 1 or height < 1 or abs(stride) < row:
        raise ValueError(f"{width}x{height} {options.format} with a stride of {options.stride} is no picture")
    need = (height - 1) * abs(stride) + row
    if view.nbytes < need:
        raise ValueError(f"{width}x{height} {options.format} needs {need} bytes, the buffer has {view.nbytes}")
    address = _address(view, alive)
    slot.planes[0] = address if stride > 0 else address + (height - 1) * -stride
    slot.strides[0] = stride
    slot.format, slot.width, slot.height = code, width, height


def _address(view: memoryview, alive: List[Any]) -> int:
    """Where a buffer's bytes lie. Only buffers that may not be written to are copied, unless they are bytes objects."""
    if not view.contiguous:
        raise ValueError("a buffer of raw pixels must be contiguous")
    if isinstance(view.obj, bytes) and view.nbytes == len(view.obj):
        alive.append(view.obj)
        return ctypes.cast(ctypes.c_char_p(view.obj), ctypes.c_void_p).value or 0
    if view.readonly:
        view = memoryview(bytearray(view))
    block = (ctypes.c_ubyte * view.nbytes).from_buffer(view)
    alive.append(block)
    return ctypes.addressof(block)


def _fill_pillow(slot: _api.Image, image: Any, alive: List[Any]) -> None:
    """Like the reference implementations: anything but RGB, grey and RGBA goes through convert("RGB")."""
    kinds = {"RGB": _RGB, "L": _GRAY, "RGBA": _RGBA}
    if image.mode not in kinds:
        image = image.convert("RGB")
    width, height = image.size
    _fill_bytes(slot, Picture(None, width, height, kinds[image.mode]), image.tobytes(), alive)


def _numpy_for(what: str) -> Any:
    try:
        import numpy
    except ImportError:
        raise TypeError(f"{what} can only be used with numpy") from None
    return numpy


def _fill_array(slot: _api.Image, array: Any, order: Optional[str], shape: Tuple[int, int, int], alive: List[Any]) -> None:
    kind = array.__array_interface__["typestr"][1:]
    if kind == "u1":
        _fill_pixels(slot, array, order, alive)
    elif kind[0] == "f":
        _fill_floats(slot, array, shape, alive)
    else:
        raise TypeError(f"arrays are uint8 pixels or float32 model input, not {array.__array_interface__['typestr']!r}")


def _fill_pixels(slot: _api.Image, array: Any, order: Optional[str], alive: List[Any]) -> None:
    """uint8 [H, W], [H, W, 1], [H, W, 3] or [H, W, 4]. Rows may lie anywhere; a row itself must be without gaps, or is copied."""
    shape = tuple(array.__array_interface__["shape"])
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or channels not in (1, 3, 4) or 0 in shape:
        raise ValueError(f"uint8 pixels are [H, W], [H, W, 1], [H, W, 3] or [H, W, 4], not {list(shape)}")
    order = order or {1: _GRAY, 3: _RGB, 4: _RGBA}[channels]
    if order not in _FORMATS or _FORMATS[order][1] != channels:
        raise ValueError(f"an array {list(shape)} is not {order!r}")
    row = shape[1] * channels
    strides = _strides(array, shape, 1)
    tight = strides[1] == channels or shape[1] == 1
    if len(shape) == 3:
        tight = tight and (strides[2] == 1 or channels == 1)
    if not tight or (abs(strides[0]) < row and shape[0] > 1):
        array = _numpy_for("an array with gaps inside its rows").ascontiguousarray(array)
        strides = _strides(array, shape, 1)
    alive.append(array)
    slot.planes[0] = array.__array_interface__["data"][0]
    slot.strides[0] = strides[0] if shape[0] > 1 else row
    slot.format, slot.width, slot.height = _FORMATS[order][0], shape[1], shape[0]


def _fill_floats(slot: _api.Image, array: Any, expected: Tuple[int, int, int], alive: List[Any]) -> None:
    """float [C, H, W], already preprocessed for this model."""
    shape = tuple(array.__array_interface__["shape"])
    if shape != expected and not (expected[0] == 1 and shape == expected[1:]):
        raise ValueError(f"float arrays are preprocessed input and must be {list(expected)} for this model, not {list(shape)}")
    if array.__array_interface__["typestr"] != _native("f4") or _strides(array, shape, 4) != _tight(shape, 4):
        numpy = _numpy_for("an array that is not contiguous float32")
        array = numpy.ascontiguousarray(array, dtype=numpy.float32)
    alive.append(array)
    slot.planes[0] = array.__array_interface__["data"][0]
    slot.format, slot.width, slot.height = _api.PIXELS_F32, expected[2], expected[1]


def _native(kind: str) -> str:
    return ("<" if sys.byteorder == "little" else ">") + kind


def _tight(shape: Sequence[int], item: int) -> Tuple[int, ...]:
    strides = [item]
    for size in reversed(shape[1:]):
        strides.append(strides[-1] * size)
    return tuple(reversed(strides))


def _strides(array: Any, shape: Sequence[int], item: int) -> Tuple[int, ...]:
    strides = array.__array_interface__.get("strides")
    return tuple(strides) if strides is not None else _tight(shape, item)
