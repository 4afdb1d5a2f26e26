"""The preprocessing pipeline in terms of Pillow and numpy: what src/image must equal bit for bit. Used by make_golden.py and
against_pillow.py, never at test time. docs/preprocessing.md names the source of each rule."""
import math
from dataclasses import dataclass, astuple

import numpy
from PIL import Image

RGB8, BGR8, RGBA8, BGRA8, GRAY8 = 1, 2, 3, 4, 5
BYTES = {RGB8: 3, BGR8: 3, RGBA8: 4, BGRA8: 4, GRAY8: 1}
NONE, SQUASH, SHORTEST, PAD = 0, 1, 2, 3
FLIP_HORIZONTAL, FLIP_VERTICAL = 1, 2
CROP_FLOOR, CROP_HALF_EVEN = 0, 1
HORIZONTAL_FIRST, PILLOW_13 = 0, 1

# scale, mean, std. The tests in C have the same table.
NORMS = [
    (1.0, (0, 0, 0), (1, 1, 1)),
    (1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    (1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    (1 / 255, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    (0.5, (100.0, 0.1, 0.3), (3.0, 7.0, 0.2)),
]


@dataclass
class Case:
    format: int
    kind: int  # of picture: 0 noise, 1 black and white noise, 2 ramps
    seed: int
    picture_width: int
    picture_height: int
    x: int  # region; all 0: everything
    y: int
    region_width: int
    region_height: int
    flip: int
    resize: int
    filter: int  # as in Pillow
    rounding: int
    resize_width: int
    resize_height: int
    width: int
    height: int
    channels: int
    norm: int
    passes: int = HORIZONTAL_FIRST

    def __str__(self):
        return " ".join(str(v) for v in astuple(self))


def random_bytes(seed, count):
    """test_random of tests/test.h, eight bytes a number, lowest first."""
    mask, state, out = 2**64 - 1, seed, bytearray()
    while len(out) < count:
        state ^= state >> 12
        state = (state ^ (state << 25)) & mask
        state ^= state >> 27
        out += (state * 2685821657736338717 & mask).to_bytes(8, "little")
    return numpy.frombuffer(bytes(out[:count]), numpy.uint8)


def picture(case):
    """uint8 [height, width, bytes per pixel]"""
    shape = case.picture_height, case.picture_width, BYTES[case.format]
    if case.kind == 2:
        index = numpy.arange(math.prod(shape), dtype=numpy.int64).reshape(shape)
        return ((index * (case.seed % 251 + 1)) >> 3).astype(numpy.uint8)
    data = random_bytes(case.seed, math.prod(shape)).reshape(shape)
    return numpy.where(data & 1, 255, 0).astype(numpy.uint8) if case.kind == 1 else data


def to_pillow(data, format, channels):
    if format == GRAY8:
        image = Image.fromarray(data[:, :, 0])
    else:
        order = [2, 1, 0] if format in (BGR8, BGRA8) else [0, 1, 2]
        image = Image.fromarray(numpy.ascontiguousarray(data[:, :, order]))
    return image.convert("L" if channels == 1 else "RGB")


def resized_size(case, width, height):
    if case.resize == SQUASH:
        return case.resize_width, case.resize_height
    if case.resize == SHORTEST and case.resize_height in (0, case.resize_width):
        size = case.resize_width
        long = int(size * max(width, height) / min(width, height))
        return (size, long) if width <= height else (long, size)
    if case.resize in (SHORTEST, PAD):
        pick = max if case.resize == PAD else min
        ratio = pick(height / case.resize_height, width / case.resize_width)
        return max(round(width / ratio), 1), max(round(height / ratio), 1)
    return width, height


def vertical_first(source, size):
    """Pillow 13's rule."""
    fewer_columns, fewer_rows = source[0] - size[0], source[1] - size[1]
    return fewer_rows > 0 and fewer_rows > 2 * fewer_columns


def resize(image, size, filter, passes):
    """Two calls of one pass each: the same in every Pillow."""
    if filter == Image.Resampling.NEAREST:
        return image.resize(size, filter)
    if passes == PILLOW_13 and vertical_first(image.size, size):
        return image.resize((image.width, size[1]), filter).resize(size, filter)
    return image.resize((size[0], image.height), filter).resize(size, filter)


def one_call(image, size, filter, passes):
    """Whatever order this Pillow has."""
    return image.resize(size, filter)


def crop_start(size, crop, rounding):
    """Negative: so many pixels of padding come first."""
    if rounding == CROP_FLOOR:
        return (size - crop) // 2
    return -((crop - size) // 2) if size < crop else round((size - crop) / 2)


def centre(data, width, height, rounding, fill):
    """data [h, w, c] -> [height, width, c]"""
    out = numpy.empty((height, width, data.shape[2]), numpy.uint8)
    out[:] = fill
    y, x = crop_start(data.shape[0], height, rounding), crop_start(data.shape[1], width, rounding)
    part = data[max(y, 0):max(y, 0) + height, max(x, 0):max(x, 0) + width]
    top, left = max(-y, 0), max(-x, 0)
    out[top:top + part.shape[0], left:left + part.shape[1]] = part[:height - top, :width - left]
    return out


def normalise(data, norm):
    """uint8 [h, w, c] -> float32 [c, h, w]"""
    scale, mean, std = NORMS[norm]
    f32, channels = numpy.float32, data.shape[2]
    value = data.astype(f32) / f32(255) if scale == 1 / 255 else data.astype(f32) * f32(scale)
    value = (value - numpy.array(mean[:channels], f32)) / numpy.array(std[:channels], f32)
    return numpy.ascontiguousarray(value.transpose(2, 0, 1))


def prepare(case, data, resize=resize):
    """Picture [h, w, bytes] -> float32 [channels, height, width]"""
    image = to_pillow(data, case.format, case.channels)
    if case.region_width:
        image = image.crop((case.x, case.y, case.x + case.region_width, case.y + case.region_height))
    if case.flip & FLIP_HORIZONTAL:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if case.flip & FLIP_VERTICAL:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    if case.resize != NONE:
        image = resize(image, resized_size(case, *image.size), case.filter, case.passes)
    data = numpy.asarray(image)
    data = data.reshape(*data.shape[:2], -1)
    fill = [round(255 * m) for m in NORMS[case.norm][1][:case.channels]] if case.resize == PAD else 0
    return normalise(centre(data, case.width, case.height, case.rounding, numpy.clip(fill, 0, 255)), case.norm)


def random_case(r, largest=200):
    """One more case from random.Random r, of every kind."""
    def side():
        return r.choice([r.randint(1, 8), r.randint(1, largest), r.randint(1, largest), r.randint(largest // 2, largest)])

    case = Case(r.choice([RGB8, RGB8, BGR8, RGBA8, BGRA8, GRAY8]), r.randint(0, 2), r.randint(1, 2**31 - 1), side(), side(),
                0, 0, 0, 0, r.choice([0, 0, 1, 2, 3]), r.choice([NONE, SQUASH, SHORTEST, SHORTEST, PAD]), r.randint(0, 5),
                r.randint(0, 1), side(), side(), side(), side(), r.choice([1, 3, 3]), r.randint(0, len(NORMS) - 1))
    if r.random() < 0.4:
        case.region_width, case.region_height = r.randint(1, case.picture_width), r.randint(1, case.picture_height)
        case.x = r.randint(0, case.picture_width - case.region_width)
        case.y = r.randint(0, case.picture_height - case.region_height)
    region = case.region_width or case.picture_width, case.region_height or case.picture_height
    if case.resize == SHORTEST and r.random() < 0.6:
        case.resize_height = r.choice([0, case.resize_width])
    if case.resize != NONE and r.random() < 0.15:  # an axis, or both, that keeps its size
        case.resize_width = region[0]
        case.resize_height = r.choice([case.resize_height, region[1]])
    if r.random() < 0.3:  # nothing cropped
        case.width, case.height = case.resize_width, case.resize_height or case.resize_width
    if case.resize == NONE:
        case.width, case.height = region
    w, h = resized_size(case, *region)
    return case if w * h <= 4_000_000 else random_case(r, largest)
