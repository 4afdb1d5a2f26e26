"""Writes golden.txt (random pictures) and, where the shared pictures are, golden_photographs.txt: one case a line, the numbers of
reference.Case in order, then the CRC-32 of the float32 result in little-endian order.

    python3 tests/image/make_golden.py      needs numpy and Pillow; the version does not matter, see reference.resize"""
import os
import random
import zlib
from dataclasses import replace
from pathlib import Path

import numpy
from PIL import Image

import reference
from reference import Case

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("VIT_SHARED", HERE.parents[1] / ".." / "shared"))


def checksum(case, data):
    return f"{zlib.crc32(reference.prepare(case, data).astype('<f4').tobytes()):08x}"


def fixed_cases():
    """What chance would seldom give."""
    for filter in range(6):
        for width, height in [(1, 1), (1, 500), (500, 1), (2, 2), (2999, 3), (3, 2999), (224, 224), (32, 32)]:
            for resize in (reference.SQUASH, reference.SHORTEST, reference.PAD):
                if width * height == 500 and resize == reference.SHORTEST:
                    continue  # 16000 pixels long
                yield Case(1, 1, 17, width, height, 0, 0, 0, 0, 0, resize, filter, 1, 32, 32, 28, 31, 3, 0)
        yield Case(1, 0, 18, 640, 480, 0, 0, 0, 0, 0, reference.SHORTEST, filter, 1, 248, 0, 224, 224, 3, 1)
        for width, height in [(8, 1), (1, 8), (8, 3)]:  # 2.5 and 7.5 pixels after resizing
            yield Case(1, 1, 20, width, height, 0, 0, 0, 0, 0, reference.PAD, filter, 1, 20, 20, 20, 20, 3, 2)
        for width, height in [(64, 4), (4, 64)]:  # many taps on one axis only
            yield Case(1, 0, 21, 400, 400, 0, 0, 0, 0, 0, reference.SQUASH, filter, 1, width, height, width, height, 3, 0)
        yield Case(4, 2, 19, 333, 500, 0, 0, 0, 0, 0, reference.SHORTEST, filter, 0, 256, 0, 224, 224, 3, 2)


def photograph_cases(width, height):
    """timm's evaluation with crop_pct 0.9, transformers' ViT and CLIP, and the smallest side kept. Format 2: BMP rows are BGR."""
    yield Case(2, 0, 0, width, height, 0, 0, 0, 0, 0, reference.SHORTEST, 3, reference.CROP_HALF_EVEN, 248, 0, 224, 224, 3, 1)
    yield Case(2, 0, 0, width, height, 0, 0, 0, 0, 0, reference.SQUASH, 2, reference.CROP_FLOOR, 224, 224, 224, 224, 3, 1)
    yield Case(2, 0, 0, width, height, 0, 0, 0, 0, 0, reference.SHORTEST, 3, reference.CROP_FLOOR, 224, 0, 224, 224, 3, 3)
    yield Case(2, 0, 0, width, height, 0, 0, 0, 0, 0, reference.PAD, 1, reference.CROP_HALF_EVEN, 224, 224, 224, 224, 3, 2)


def pillow_13_cases():
    """Where the order of the passes changes the result, and a few where the rule is close to it or says the other order."""
    r, cases = random.Random(21), []
    while len(cases) < 150:
        case = replace(reference.random_case(r, 120), passes=reference.PILLOW_13)
        if checksum(case, reference.picture(case)) != checksum(replace(case, passes=0), reference.picture(case)):
            cases.append(case)
    for filter in range(1, 6):
        for width, height in [(60, 61), (60, 60), (61, 62), (39, 40), (39, 39), (40, 300), (300, 40)]:  # to 50 x 40
            cases.append(Case(1, 1, 22, width, height, 0, 0, 0, 0, 0, reference.SQUASH, filter, 1, 50, 40, 50, 40, 3, 0,
                              reference.PILLOW_13))
        cases.append(Case(1, 0, 23, 480, 1400, 0, 0, 0, 0, 0, reference.SHORTEST, filter, 1, 248, 0, 224, 224, 3, 1,
                          reference.PILLOW_13))
    return cases


def main():
    r = random.Random(20)
    cases = list(fixed_cases()) + [reference.random_case(r, 120) for _ in range(400)] + pillow_13_cases()
    with open(HERE / "golden.txt", "w") as f:
        f.writelines(f"{case} {checksum(case, reference.picture(case))}\n" for case in cases)
    with open(HERE / "golden_photographs.txt", "w") as f:
        for name in ("coral_grace_hopper.bmp", "coral_rgb6X4.bmp"):
            rgb = numpy.asarray(Image.open(SHARED / "images/photos" / name).convert("RGB"))
            for case in photograph_cases(rgb.shape[1], rgb.shape[0]):
                f.write(f"{name} {case} {checksum(case, rgb[:, :, ::-1])}\n")


main()
