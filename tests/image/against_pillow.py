"""Compares src/image with the Pillow that is installed, bit for bit: random cases, and whole photographs, in both orders of the
passes. One of them must equal one call of Image.resize: horizontal first before Pillow 13 (but for extremely tall
pictures in 12.2 and 12.3), Pillow 13's rule since then.

    python3 tests/image/against_pillow.py [--cases N] [--seed S] [--largest PIXELS] [picture files ...]

Builds src/image and the parts of src/base it needs with $CC (cc) into a temporary folder. Not part of `make test`."""
import argparse
import ctypes
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy
import PIL
from PIL import Image

import reference
from reference import Case

ROOT = Path(__file__).resolve().parents[2]
MAX_SIDE = 16384


class Picture(ctypes.Structure):  # vit_image
    _fields_ = [("planes", ctypes.c_void_p * 3), ("strides", ctypes.c_int64 * 3), ("format", ctypes.c_int32),
                ("width", ctypes.c_int32), ("height", ctypes.c_int32), ("flip", ctypes.c_int32), ("region", ctypes.c_int32 * 4),
                ("reserved", ctypes.c_int32 * 8)]


class Pipeline(ctypes.Structure):  # vi_pipeline
    _fields_ = [(n, ctypes.c_int32) for n in ("resize filter passes rounding resize_width resize_height width height "
                                              "channels").split()]
    _fields_ += [("scale", ctypes.c_float), ("mean", ctypes.c_float * 16), ("std", ctypes.c_float * 16)]


class Error(ctypes.Structure):  # vi_error
    _fields_ = [("code", ctypes.c_int32), ("text", ctypes.c_char * 512)]


def build(folder):
    sources = sorted((ROOT / "src/image").glob("*.c")) + [ROOT / "src/base" / n for n in ("status.c", "arena.c", "utf8.c")]
    library = Path(folder) / "image.so"
    flags = "-std=c11 -O2 -fPIC -shared -ffp-contract=off".split()
    subprocess.run([os.environ.get("CC", "cc"), *flags, f"-I{ROOT}/include", f"-I{ROOT}/src", *map(str, sources), "-lm", "-o",
                    str(library)], check=True)
    lib = ctypes.CDLL(str(library))
    lib.vi_image_scratch.restype = ctypes.c_size_t
    return lib


def run(lib, case, data):
    """As reference.prepare."""
    data = numpy.ascontiguousarray(data)
    image = Picture(format=case.format, width=case.picture_width, height=case.picture_height, flip=case.flip)
    image.planes[0] = data.ctypes.data
    image.region[:] = case.x, case.y, case.region_width, case.region_height
    scale, mean, std = reference.NORMS[case.norm]
    p = Pipeline(case.resize, case.filter, case.passes, case.rounding, case.resize_width, case.resize_height, case.width,
                 case.height, case.channels, scale)
    p.mean[:3], p.std[:3] = mean, std
    error = Error()
    if lib.vi_pipeline_check(ctypes.byref(p), ctypes.byref(error)) or \
            lib.vi_image_check(ctypes.byref(image), ctypes.byref(p), MAX_SIDE, ctypes.byref(error)):
        raise RuntimeError(f"{error.text.decode()}: {case}")
    scratch = numpy.empty(lib.vi_image_scratch(ctypes.byref(p), MAX_SIDE) + 64, numpy.uint8)
    out = numpy.full((case.channels, case.height, case.width), numpy.nan, numpy.float32)
    lib.vi_image_prepare(ctypes.byref(p), ctypes.byref(image), ctypes.c_void_p(out.ctypes.data),
                         ctypes.c_void_p(scratch.ctypes.data + -scratch.ctypes.data % 64))
    return out


def order_of_installed(case):
    """The one that the installed Pillow has for this picture, None where it has another rule."""
    version = tuple(int(n) for n in PIL.__version__.split(".")[:2])
    width, height = case.region_width or case.picture_width, case.region_height or case.picture_height
    if (12, 2) <= version < (13, 0) and height > 100 * width:
        return None
    return reference.PILLOW_13 if version >= (13, 0) else reference.HORIZONTAL_FIRST


def photograph_cases(path):
    data = numpy.asarray(Image.open(path).convert("RGB"))
    height, width = data.shape[:2]
    for resize, side, crop, norm in [(reference.SHORTEST, 248, 224, 1), (reference.SHORTEST, 256, 224, 2),
                                     (reference.SQUASH, 224, 224, 1), (reference.SHORTEST, 384, 384, 3),
                                     (reference.PAD, 224, 224, 2)]:
        for filter in range(6):
            yield Case(1, 0, 0, width, height, 0, 0, 0, 0, 0, resize, filter, 1, side, side, crop, crop, 3, norm), data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=300)
    parser.add_argument("pictures", nargs="*")
    options = parser.parse_args()
    r, different, unexpected, one_call, count = random.Random(options.seed), 0, 0, [0, 0], 0
    with tempfile.TemporaryDirectory() as folder:
        lib = build(folder)
        random_cases = (reference.random_case(r, options.largest) for _ in range(options.cases))
        todo = [((c, reference.picture(c)) for c in random_cases)] + [photograph_cases(path) for path in options.pictures]
        for source in todo:
            for case, data in source:
                count += 1
                whole = reference.prepare(case, data, reference.one_call)
                for passes in (reference.HORIZONTAL_FIRST, reference.PILLOW_13):
                    case = replace(case, passes=passes)
                    ours, theirs = run(lib, case, data), reference.prepare(case, data)
                    as_one_call = ours.tobytes() == whole.tobytes()
                    one_call[passes] += not as_one_call
                    if passes == order_of_installed(case) and not as_one_call:
                        unexpected += 1
                        print(f"differs from one call of Image.resize: {case}")
                    if ours.tobytes() != theirs.tobytes():
                        different += 1
                        print(f"differs at {(ours != theirs).sum()} of {ours.size} places: {case}")
    print(f"Pillow {PIL.__version__}: {count} cases in both orders, {different} differ from two calls of one pass each; from one "
          f"call of Image.resize, {one_call[0]} horizontal first and {one_call[1]} by Pillow 13's rule")
    return different != 0 or unexpected != 0


sys.exit(main())
