"""make_pictures.py: makes tests/tool/pictures. Needs Pillow, whose decoders are what the tool's must agree with, and numpy.

    python3 tests/tool/make_pictures.py

For each NAME.jpg and NAME.png there is a NAME.ppm or NAME.pgm with the pixels that Pillow reads from it."""
import os
import numpy
from PIL import Image

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
WIDTH, HEIGHT = 37, 29


def scene():
    """A colourful picture with smooth parts and edges."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    red = 255 * x / WIDTH
    green = 127 + 127 * numpy.sin(y / 3)
    blue = numpy.where((x - 18) ** 2 + (y - 14) ** 2 < 80, 230, 20)
    return Image.fromarray(numpy.stack([red, green, blue], axis=2).astype(numpy.uint8))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    picture = scene()
    files = {
        "full_chroma.jpg": (picture, {"quality": 80, "subsampling": 0}),
        "half_chroma.jpg": (picture, {"quality": 80, "subsampling": 2}),
        "progressive.jpg": (picture, {"quality": 50, "progressive": True}),
        "gray.jpg": (picture.convert("L"), {"quality": 80}),
        "cmyk.jpg": (picture.convert("CMYK"), {"quality": 80}),
        "color.png": (picture, {}),
        "palette.png": (picture.quantize(20), {}),
        "gray_alpha.png": (picture.convert("LA"), {}),
        "alpha.png": (picture.convert("RGBA"), {}),
        "bits.png": (picture.convert("1"), {}),
    }
    for name, (image, options) in files.items():
        path = os.path.join(FOLDER, name)
        image.save(path, **options)
        decoded = Image.open(path)
        is_gray = decoded.mode in ("L", "LA", "1")
        decoded.convert("L" if is_gray else "RGB").save(path.rsplit(".", 1)[0] + (".pgm" if is_gray else ".ppm"))


main()
