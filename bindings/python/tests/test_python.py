"""Tests of the Python package: python3 bindings/python/tests/test_python.py (tests/run.sh does). Standard library only; more is
tested where numpy and Pillow are installed. The model and the picture are those of examples/."""

import collections
import ctypes
import gc
import logging
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, os.environ.get("VIT_PACKAGE") or str(ROOT / "bindings" / "python"))

import vit  # noqa: E402
from vit import _api, _library, pictures  # noqa: E402

try:
    import numpy
except ImportError:
    numpy = None
try:
    import PIL.Image
except ImportError:
    PIL = None

HEADER = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "vit.h").read_text(), flags=re.S)
MODEL = ROOT / "examples" / "cifar10" / "cifar10.vit"
PICTURE = ROOT / "examples" / "pictures" / "ship.ppm"

needs_numpy = unittest.skipUnless(numpy, "numpy is not installed")
needs_pillow = unittest.skipUnless(PIL, "Pillow is not installed")


def numbers(result):
    """A result as a flat list, with or without numpy."""
    if hasattr(result, "reshape"):
        return result.reshape(-1).tolist()
    return [x for row in result for x in row] if isinstance(result, list) else list(result)


class Mirror(unittest.TestCase):
    """_api.py says what vit.h says."""

    TYPES = {
        "void": None, "int32_t": ctypes.c_int32, "size_t": ctypes.c_size_t, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64,
        "double": ctypes.c_double, "char*": ctypes.c_char_p, "void*": ctypes.c_void_p, "vit_context*": ctypes.c_void_p,
        "vit_options*": ctypes.c_void_p, "vit_context**": ctypes.POINTER(ctypes.c_void_p), "float*": ctypes.c_void_p,
        "float**": ctypes.POINTER(ctypes.POINTER(ctypes.c_float)), "char**": ctypes.POINTER(ctypes.c_char_p),
        "int32_t*": ctypes.POINTER(ctypes.c_int32), "int64_t*": ctypes.POINTER(ctypes.c_int64),
        "uint64_t*": ctypes.POINTER(ctypes.c_uint64), "double*": ctypes.POINTER(ctypes.c_double),
        "vit_image*": ctypes.POINTER(_api.Image),
    }  # fmt: skip

    def ctype(self, text, named):
        words = re.sub(r"\bconst\b", "", text).replace("[4]", "*")
        if named:  # drop the argument's name
            words = re.sub(r"\w+\s*(\*?)\s*$", r"\1", words, count=1)
        key = re.sub(r"\s", "", words)
        return getattr(_api, key[4:]) if key.endswith("_fn") else self.TYPES[key]

    def test_functions(self):
        seen = set()
        for result, name, arguments in re.findall(r"^VIT_API\s+([^;]*?)(vit_\w+)\s*\(([^;]*)\)\s*;", HEADER, re.S | re.M):
            listed = [] if arguments.strip() == "void" else [self.ctype(a, True) for a in arguments.split(",")]
            self.assertEqual(_api.FUNCTIONS[name], (self.ctype(result, False), listed), name)
            seen.add(name)
        self.assertEqual(seen, set(_api.FUNCTIONS))
        self.assertGreater(len(seen), 40)

    def test_numbers(self):
        found = dict(re.findall(r"^#define VIT_(\w+)\s+\(?(-?\d+)\)?", HEADER, re.M))
        found = {name: int(value) for name, value in found.items() if not name.startswith("VERSION_")}
        mirrored = {name: value for name, value in vars(_api).items() if re.fullmatch(r"[A-Z][A-Z0-9_]+", name)}
        mirrored.pop("FUNCTIONS")
        mirrored = {name: value for name, value in mirrored.items() if isinstance(value, int)}
        different = {name for name in mirrored.keys() | found.keys() if mirrored.get(name) != found.get(name)}
        self.assertEqual(different, set())

    def test_image(self):
        body = re.search(r"typedef struct vit_image \{(.*?)\}", HEADER, re.S).group(1)
        names = [re.sub(r"\[\d\]", "", n) for n in re.findall(r"(\w+(?:\[\d\])?)(?=[,;])", body)]
        self.assertEqual(names, [field[0] for field in _api.Image._fields_])
        if ctypes.sizeof(ctypes.c_void_p) == 8:
            self.assertEqual(ctypes.sizeof(_api.Image), 112)

    def test_versions(self):
        parts = [int(n) for n in re.findall(r"#define VIT_VERSION_\w+ (\d+)", HEADER)]
        self.assertEqual(vit.__version__, ".".join(map(str, parts)))
        self.assertEqual(vit.library_version(), vit.__version__)
        self.assertEqual((_library.MAJOR, _library.MINOR), tuple(parts[:2]))
        self.assertTrue(vit.build_info())

    def test_every_status_has_an_exception(self):
        for name, status in vars(_api).items():
            if name.startswith("ERROR_"):
                error = vit.errors.error_for(status, "why")
                self.assertEqual((error.status, str(error)), (status, "why"))
                self.assertIsNot(type(error), vit.Error)
        self.assertEqual(vit.errors.error_for(-55, "").status, -55)
        self.assertIsInstance(vit.errors.error_for(_api.ERROR_IO, "x"), OSError)
        self.assertIsInstance(vit.errors.error_for(_api.ERROR_MEMORY, "x"), MemoryError)


class Library(unittest.TestCase):
    """Where the library is looked for."""

    def run_python(self, code, **environment):
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {sys.path[0]!r})\n{code}"]
        return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)

    def test_missing_library_lists_what_was_tried(self):
        done = self.run_python("import vit", VIT_LIBRARY="/nowhere/libvit.so.1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nowhere/libvit.so.1: no such file", done.stderr)

    def test_candidates_without_the_variable(self):
        chosen = os.environ.pop("VIT_LIBRARY", None)
        try:
            places = _library.candidates()
        finally:
            if chosen is not None:
                os.environ["VIT_LIBRARY"] = chosen
        package = pathlib.Path(vit.__file__).resolve().parent
        self.assertEqual(pathlib.Path(places[0]).parent, package)
        self.assertIn(str(package.parents[2] / "lib"), [os.path.dirname(place) for place in places])
        self.assertEqual(os.path.dirname(places[-1]), "")

    def test_import_needs_no_third_party_module(self):
        done = self.run_python("import vit\nassert 'numpy' not in sys.modules and 'PIL' not in sys.modules", VIT_LIBRARY=_api.library._name)
        self.assertEqual(done.returncode, 0, done.stderr)


class Pictures(unittest.TestCase):
    """What reaches the C side, without a model."""

    def convert(self, *images, size=(3, 4, 4)):
        return pictures.convert(images, *size)

    def pixel(self, slot, x, y, channels):
        stride = slot.strides[0]
        return bytes(ctypes.string_at(slot.planes[0] + y * stride + x * channels, channels))

    def test_raw_bytes(self):
        data = bytes(range(2 * 3 * 3))
        block, alive = self.convert(vit.Picture(data, 2, 3, "rgb"))
        self.assertEqual((block[0].format, block[0].width, block[0].height), (_api.PIXELS_RGB8, 2, 3))
        self.assertEqual(self.pixel(block[0], 1, 2, 3), data[15:18])
        block, alive = self.convert(vit.Picture(bytearray(data), 2, 3, "bgr", stride=-6))
        self.assertEqual(self.pixel(block[0], 1, 2, 3), data[3:6])
        block, alive = self.convert(vit.Picture(memoryview(data)[6:], 2, 2, "rgb"))
        self.assertEqual(self.pixel(block[0], 0, 0, 3), data[6:9])
        del alive

    def test_raw_bytes_that_are_too_short(self):
        for bad in (
            vit.Picture(bytes(17), 2, 3, "rgb"), vit.Picture(bytes(18), 2, 3, "rgb", stride=7), vit.Picture(bytes(18), 2, 3, "rgb", stride=-7),
            vit.Picture(bytes(18), 2, 3, "rgb", stride=5), vit.Picture(bytes(18), 2, 3), vit.Picture(bytes(18), 2, 0, "rgb"),
            vit.Picture(bytes(18), -2, -3, "rgb"), vit.Picture(bytes(18), 2, 3, "yuv"),
        ):  # fmt: skip
            self.assertRaises(ValueError, self.convert, bad)
        self.assertRaises(TypeError, self.convert, bytes(18))
        self.assertRaises(TypeError, self.convert, 3)

    def test_region_and_flips(self):
        block, alive = self.convert(vit.Picture(bytes(18), 2, 3, "rgb", region=(0, 1, 2, 2), flip_horizontal=True))
        slot = block[0]
        region = slot.region_x, slot.region_y, slot.region_width, slot.region_height
        self.assertEqual((region, slot.flip), ((0, 1, 2, 2), _api.FLIP_HORIZONTAL))
        del alive

    def test_netpbm(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.ppm")
            path.write_bytes(b"P6 # comment\n2 1\n# more\n255\n" + bytes(range(6)))
            block, alive = self.convert(str(path))
            self.assertEqual((block[0].width, block[0].height, self.pixel(block[0], 1, 0, 3)), (2, 1, bytes([3, 4, 5])))
            path.write_bytes(b"P5 2 1 255\n\1\2")
            block, alive = self.convert(vit.Picture(path, flip_vertical=True))
            self.assertEqual((block[0].format, block[0].flip), (_api.PIXELS_GRAY8, _api.FLIP_VERTICAL))
            for bad in (b"P6", b"P6 2 1 255", b"P6 2 1 65535\n" + bytes(12), b"P6 2 1 255\n12345", b"P6 0 0 255\n", b"P6 x", b"P6 #"):
                path.write_bytes(bad)
                self.assertRaises(ValueError, self.convert, path)
            del alive

    @needs_numpy
    def test_arrays_are_not_copied(self):
        a = numpy.arange(6 * 8 * 3, dtype=numpy.uint8).reshape(6, 8, 3)
        views = {"plain": a, "rows": a[::2], "upside down": a[::-1], "window": a[1:5, 2:6], "one row": a[3:4], "last row": a[5:, :2]}
        for name, view in views.items():
            block, alive = self.convert(view)
            slot = block[0]
            self.assertEqual(slot.planes[0], view.ctypes.data, name)
            for y in range(view.shape[0]):
                for x in range(view.shape[1]):
                    self.assertEqual(self.pixel(slot, x, y, 3), view[y, x].tobytes(), name)
        for view in (a[:, :, 0].copy(), a[:, :, :1].copy()):
            block, alive = self.convert(view)
            self.assertEqual((block[0].format, block[0].planes[0]), (_api.PIXELS_GRAY8, view.ctypes.data))
        read_only = a.copy()
        read_only.flags.writeable = False
        block, alive = self.convert(read_only)
        self.assertEqual(block[0].planes[0], read_only.ctypes.data)
        del alive

    @needs_numpy
    def test_arrays_with_gaps_are_copied_right(self):
        a = numpy.arange(6 * 8 * 4, dtype=numpy.uint8).reshape(6, 8, 4)
        gaps = {
            "columns": a[:, ::2, :3], "mirrored": a[:, ::-1], "bgr": a[:, :, 2::-1], "plane": a[:, :, 1], "rgb of rgba": a[:, :, :3],
            "planar": numpy.arange(90, dtype=numpy.uint8).reshape(3, 5, 6).transpose(1, 2, 0),
            "repeated row": numpy.broadcast_to(a[:1, :, :3], (5, 8, 3)),
        }  # fmt: skip
        for name, view in gaps.items():
            block, alive = self.convert(view)
            channels = view.shape[2] if view.ndim == 3 else 1
            for y in range(view.shape[0]):
                for x in range(view.shape[1]):
                    self.assertEqual(self.pixel(block[0], x, y, channels), view[y, x].tobytes(), name)
            del alive

    @needs_numpy
    def test_float_arrays(self):
        a = numpy.arange(48, dtype=numpy.float32).reshape(3, 4, 4)
        block, alive = self.convert(a)
        self.assertEqual((block[0].format, block[0].planes[0]), (_api.PIXELS_F32, a.ctypes.data))
        for other in (a.astype(numpy.float64), a.astype(">f4"), numpy.asfortranarray(a), a[:, ::-1]):
            block, alive = self.convert(other)
            values = (ctypes.c_float * 48).from_address(block[0].planes[0])
            self.assertEqual(list(values), other.reshape(-1).tolist())
        for bad in (a[:2], a.transpose(1, 2, 0)[:, :3], a[0]):
            self.assertRaises(ValueError, self.convert, bad)
        for bad in (a.astype(numpy.int32), a > 3, a.astype(numpy.uint16)):
            self.assertRaises(TypeError, self.convert, bad)
        for bad in (numpy.zeros((4, 4, 2), numpy.uint8), numpy.zeros((0, 4, 3), numpy.uint8), numpy.zeros(4, numpy.uint8)):
            self.assertRaises(ValueError, self.convert, bad)
        del alive

    @needs_numpy
    def test_array_likes(self):
        class Tensor:  # as torch has it: __array__ only
            ndim = 3

            def __array__(self, dtype=None, copy=None):
                return numpy.full((2, 2, 3), 7, numpy.uint8)

        block, alive = self.convert(Tensor())
        self.assertEqual(self.pixel(block[0], 1, 1, 3), b"\7\7\7")
        self.assertFalse(pictures.is_batch(Tensor()))
        del alive

    @needs_pillow
    def test_pillow(self):
        red = PIL.Image.new("RGB", (2, 3), (255, 1, 2))
        expected = {"RGB": 3, "L": 1, "RGBA": 4, "P": 3, "1": 3, "CMYK": 3, "LA": 3, "F": 3}
        for mode, channels in expected.items():
            block, alive = self.convert(red.convert(mode))
            self.assertEqual((block[0].width, block[0].height), (2, 3), mode)
            want = red.convert(mode) if mode in ("RGB", "L", "RGBA") else red.convert(mode).convert("RGB")
            self.assertEqual(self.pixel(block[0], 1, 2, channels), want.tobytes()[-channels:], mode)
            del alive


@unittest.skipUnless(MODEL.exists() and PICTURE.exists(), f"{MODEL.name} or {PICTURE.name} of examples/ is missing")
class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = vit.Model(MODEL)

    @classmethod
    def tearDownClass(cls):
        cls.model.close()

    def test_classify(self):
        best = self.model.classify(PICTURE, top=3)
        self.assertEqual(len(best), 3)
        self.assertEqual(best[0][0], "ship")
        everything = self.model.classify(PICTURE, top=1000)
        self.assertEqual(len(everything), self.model.info.classes)
        self.assertAlmostEqual(sum(p for _, p in everything), 1, places=5)
        self.assertEqual(everything, sorted(everything, key=lambda pair: -pair[1]))
        self.assertEqual(self.model.classify([PICTURE, PICTURE], top=3), [best, best])
        self.assertEqual(self.model.classify([], top=3), [])

    def test_logits_of_one_and_of_many(self):
        one = self.model(PICTURE)
        self.assertEqual(len(one), self.model.info.outputs)
        many = self.model([PICTURE] * 3)
        self.assertEqual(len(many), 3)
        self.assertEqual(numbers(many), numbers(one) * 3)
        with vit.Model(MODEL, max_batch=2, threads=2) as other:
            self.assertEqual(numbers(other.logits([PICTURE] * 3)), numbers(many))

    def test_outputs(self):
        info = self.model.info
        embedding = self.model.embed(PICTURE)
        self.assertEqual(len(embedding), info.embedding)
        self.assertEqual(len(numbers(self.model.tokens(PICTURE))), info.tokens * info.width)
        self.assertEqual(len(numbers(self.model.hidden([PICTURE] * 2, info.depth))), 2 * info.tokens * info.width)
        self.assertEqual(len(numbers(self.model.embed([]))), 0)
        self.assertNotEqual(numbers(self.model.hidden(PICTURE, 0)), numbers(self.model.hidden(PICTURE, 1)))
        self.assertEqual(numbers(self.model.hidden(PICTURE, -1)), numbers(self.model.hidden(PICTURE, info.depth)))
        for index in (info.depth + 1, -info.depth - 2):
            self.assertRaises(vit.ArgumentError, self.model.hidden, PICTURE, index)
        with vit.Model(MODEL, normalize=True) as unit:
            normal = numbers(unit.embed(PICTURE))
            self.assertAlmostEqual(math.fsum(x * x for x in normal), 1, places=5)
        if numpy:
            self.assertEqual(self.model.tokens([PICTURE]).shape, (1, info.tokens, info.width))

    def test_preprocess_feeds_forward(self):
        values = self.model.preprocess(PICTURE)
        info = self.model.info
        self.assertEqual(len(numbers(values)), info.channels * info.image_height * info.image_width)
        if numpy:
            self.assertEqual(values.shape, (info.channels, info.image_height, info.image_width))
            self.assertEqual(numbers(self.model(values)), numbers(self.model(PICTURE)))
            self.assertEqual(numbers(self.model(values[None])), numbers(self.model(PICTURE)))

    @needs_numpy
    def test_strided_pixels(self):
        picture = pictures.read_file(PICTURE)
        pixels = numpy.frombuffer(picture.data, numpy.uint8).reshape(picture.height, picture.width, 3)
        want = numbers(self.model(PICTURE))
        frame = numpy.zeros((picture.height + 2, picture.width + 5, 3), numpy.uint8)
        frame[1:-1, 3:-2] = pixels
        self.assertEqual(numbers(self.model(frame[1:-1, 3:-2])), want)
        self.assertEqual(numbers(self.model(frame[::-1][1:-1, 3:-2][::-1])), want)
        self.assertEqual(numbers(self.model(vit.Picture(pixels[::-1], flip_vertical=True))), want)
        self.assertEqual(numbers(self.model(vit.Picture(pixels[..., ::-1].copy(), format="bgr"))), want)
        region = (3, 1, picture.width, picture.height)
        self.assertEqual(numbers(self.model(vit.Picture(frame, region=region))), want)
        self.assertEqual(numbers(self.model(numpy.stack([pixels, pixels]))), want * 2)

    @needs_pillow
    def test_pillow_picture(self):
        with PIL.Image.open(PICTURE) as image:
            self.assertEqual(numbers(self.model(image)), numbers(self.model(PICTURE)))
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "ship.png")
                image.save(path)
                self.assertEqual(numbers(self.model(path)), numbers(self.model(PICTURE)))

    def test_from_bytes(self):
        data = MODEL.read_bytes()
        for source in (data, bytearray(data), memoryview(data)):
            with vit.Model(source) as model:
                self.assertEqual(numbers(model(PICTURE)), numbers(self.model(PICTURE)))

    def test_clone(self):
        origin = vit.Model(MODEL)
        twin = origin.clone(threads=2)
        want = numbers(origin(PICTURE))
        self.assertEqual(twin.info.threads, 2)
        origin.close()
        self.assertEqual(numbers(twin(PICTURE)), want)
        self.assertEqual(twin.labels, self.model.labels)
        twin.close()
        self.assertRaises(vit.StateError, twin.clone)

    def test_labels_and_save(self):
        names = [f"class {i} é" for i in range(self.model.info.classes)]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "mé.vit")
            with vit.Model(MODEL, labels=names) as model:
                self.assertEqual(model.labels, names)
                self.assertIn(model.classify(PICTURE)[0][0], names)
                model.save(path)
            with vit.Model(path) as model:
                self.assertEqual(model.labels, names)
                self.assertEqual(numbers(model(PICTURE)), numbers(self.model(PICTURE)))
            self.assertRaises(vit.FileError, self.model.save, pathlib.Path(folder, "no", "such", "folder.vit"))
        self.assertRaises(ValueError, vit.Model, MODEL, labels=names[1:])

    def test_info(self):
        info = self.model.info
        self.assertEqual(info.embedding, info.width)
        self.assertEqual(info.heads * info.head_dim, info.width)
        self.assertEqual(len(info.mean), info.channels)
        self.assertGreater(info.parameters, 1000)
        self.assertTrue(info.pipeline and info.isa and info.precision in ("f32", "bf16", "int8"))
        self.assertEqual(len(self.model.labels), info.classes)
        self.assertIn("vit.Model", repr(self.model))

    def test_options(self):
        with vit.Model(MODEL, isa="reference", precision="f32", max_batch=3, threads=2, mean=0.5, std=[0.5, 0.25, 0.5]) as model:
            info = model.info
            self.assertEqual((info.isa, info.max_batch, info.threads), ("reference", 3, 2))
            self.assertEqual((info.mean, info.std), ((0.5,) * 3, (0.5, 0.25, 0.5)))
        size = 2 * self.model.info.image_width
        with vit.Model(MODEL, width=size, height=size) as model:
            self.assertEqual(model.info.image_width, size)
            model.set_input_size(self.model.info.image_width, self.model.info.image_height)
            self.assertEqual(len(numbers(model(PICTURE))), model.info.classes)
            self.assertRaises(vit.Error, model.set_input_size, 1, 1)
        for bad in ({"threads": 0}, {"isa": "sse9"}, {"precision": 77}, {"std": [0, 0, 0]}, {"eps": float("nan")}):
            self.assertRaises(vit.ArgumentError, vit.Model, MODEL, **bad)
        self.assertRaises(TypeError, vit.Model, MODEL, colour="blue")

    def test_failed_loads(self):
        with self.assertRaises(vit.FileError) as caught:
            vit.Model("/no/such/model.vit")
        self.assertIn("/no/such/model.vit", str(caught.exception))
        self.assertRaises(OSError, vit.Model, "/no/such/model.vit")
        self.assertRaises(vit.FormatError, vit.Model, b"this is not a model, and it is longer than any magic number that is known")
        self.assertRaises(vit.Error, vit.Model, b"")
        self.assertRaises(vit.CorruptError, vit.Model, MODEL.read_bytes()[:-100])
        self.assertRaises(vit.LimitError, vit.Model, MODEL, max_memory=1000)

    def test_bad_pictures(self):
        self.assertRaises(FileNotFoundError, self.model, "/no/such/picture.ppm")
        self.assertRaises(vit.ArgumentError, self.model, vit.Picture(bytes(12), 2, 2, "rgb", region=(1, 1, 2, 2)))
        self.assertEqual(len(numbers(self.model(PICTURE))), self.model.info.classes)

    def test_close(self):
        model = vit.Model(MODEL)
        model.close()
        model.close()
        for call in (lambda: model(PICTURE), lambda: model.info, lambda: model.labels, lambda: model.save("x")):
            self.assertRaises(vit.StateError, call)
        self.assertIn("closed", repr(model))
        with vit.Model(MODEL) as model:
            pass
        self.assertRaises(vit.StateError, model, PICTURE)

    def test_collected_in_a_cycle(self):
        model = vit.Model(MODEL)
        model.self = model
        finalizer = model._finalizer
        del model
        gc.collect()
        self.assertFalse(finalizer.alive)

    def test_nothing_happens_at_exit(self):
        code = f"import sys, vit; m = vit.Model({str(MODEL)!r}); n = m.clone(); m.cycle = m; sys.keep = n; print('end')"
        environment = {**os.environ, "PYTHONPATH": sys.path[0], "VIT_LIBRARY": _api.library._name}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "end\n", ""))

    def test_progress(self):
        calls = []
        vit.Model(MODEL, map=0, progress=lambda done, total: calls.append((done, total))).close()
        self.assertTrue(calls)
        self.assertEqual(calls, sorted(calls))
        self.assertEqual(calls[-1][0], calls[-1][1])
        self.assertRaises(vit.CancelledError, vit.Model, MODEL, map=0, progress=lambda done, total: True)

        def broken(done, total):
            raise ZeroDivisionError("in the callback")

        self.assertRaises(ZeroDivisionError, vit.Model, MODEL, map=0, progress=broken)

    def test_log(self):
        shared = pathlib.Path(os.environ.get("VIT_SHARED", ROOT.parent / "shared"))
        checkpoint = shared / "models" / "vit_numpy_cifar10_d64"
        if not checkpoint.exists():
            self.skipTest(f"{checkpoint} is not there")
        with self.assertLogs("vit", logging.WARNING) as logged:  # a checkpoint without config: heads are guessed
            vit.Model(checkpoint, heads=None).close()
        self.assertTrue(all(isinstance(line, str) and line for line in logged.output))

    def test_threads(self):
        want = numbers(self.model(PICTURE))
        results = []

        def work(model):
            for _ in range(5):
                results.append(numbers(model(PICTURE)) == want)

        clones = [self.model.clone() for _ in range(3)]
        workers = [threading.Thread(target=work, args=(m,)) for m in [*clones, self.model, self.model]]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for clone in clones:
            clone.close()
        self.assertEqual(results, [True] * 25)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_fork(self):
        with vit.Model(MODEL, threads=2) as model:
            want = numbers(model(PICTURE))
            child = os.fork()
            if child == 0:
                ok = False
                try:
                    ok = numbers(model(PICTURE)) == want
                finally:
                    os._exit(0 if ok else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_command(self):
        environment = {**os.environ, "PYTHONPATH": sys.path[0], "VIT_LIBRARY": _api.library._name}

        def run(*arguments):
            command = [sys.executable, "-m", "vit", *map(str, arguments)]
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

        done = run(MODEL, PICTURE, "--top", "2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout.splitlines()[0], r"^ *\d+\.\d\d%  ship$")
        self.assertIn("image_width", run(MODEL).stdout)
        self.assertEqual(len(run(MODEL, PICTURE, "--embed").stdout.split()), 1 + self.model.info.embedding)
        done = run("/no/such/model")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("Traceback", done.stderr)
        self.assertIn(vit.__version__, run("--version").stdout)


def main():
    result = unittest.TextTestRunner(verbosity=0).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    reasons = collections.Counter(why for _, why in result.skipped)
    for why, count in sorted(reasons.items()):
        print(f"bindings/python/tests/test_python.py: SKIPPED: {count} tests: {why}")
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"bindings/python/tests/test_python.py: {result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


PAIR = ROOT / "tests" / "golden" / "data" / "pair_clip_strings"


class Texts(unittest.TestCase):
    """A model with two towers."""

    def setUp(self):
        self.model = vit.Model(PAIR)
        self.addCleanup(self.model.close)

    def test_text(self):
        one, many = self.model.text("a cat"), self.model.text(["the dog", "a cat"])
        self.assertEqual(len(one), 6)
        self.assertEqual(numbers(many)[6:], list(map(float, one)))

    def test_tokens(self):
        ids = self.model.text_tokens("a cat")
        self.assertEqual((len(ids), ids[3]), (19, self.model.info.vocabulary - 1))
        with self.assertRaises(ValueError):
            self.model.text_tokens("a\0cat")

    def test_zeroshot(self):
        texts = ["a cat", "the dog", "a photo"]
        best = self.model.zeroshot(PICTURE, texts)
        self.assertEqual({text for text, _ in best}, set(texts))
        self.assertAlmostEqual(sum(score for _, score in best), 1, places=5)
        self.assertEqual(sorted(best, key=lambda pair: -pair[1]), best)
        several = self.model.zeroshot([PICTURE, PICTURE], texts)
        self.assertEqual([several[0], several[1]], [best, best])
        same = self.model.zeroshot(PICTURE, texts, templates=["{}"])
        for (text, score), (other, expected) in zip(same, best):
            self.assertEqual(text, other)
            self.assertAlmostEqual(score, expected, places=5)
        self.assertNotEqual(self.model.zeroshot(PICTURE, texts, templates=["a photo of {}", "the {}"]), best)

    def test_info(self):
        info = self.model.info
        found = (info.text_context, info.text_width, info.text_heads, info.tokenizer, info.sigmoid)
        self.assertEqual(found, (19, 8, 2, True, False))
        self.assertAlmostEqual(info.logit_scale, math.exp(2.5), places=4)

    def test_without_tower_or_tokenizer(self):
        with vit.Model(PAIR, text=False) as bare, self.assertRaises(vit.UnsupportedError):
            bare.text("a cat")
        with vit.Model(MODEL) as plain:
            self.assertEqual((plain.info.text_context, plain.info.logit_scale), (0, 0.0))

    def test_tokenizer(self):
        expected = list(self.model.text("a cat"))
        merges, weights = PAIR / "merges.txt", PAIR / "model.safetensors"
        config = (PAIR / "config.json").read_text()
        with vit.Model(weights.read_bytes(), config=config) as model, self.assertRaises(vit.StateError):
            model.text("a cat")
        for tokenizer in (merges, str(merges), merges.read_bytes()):
            with vit.Model(weights.read_bytes(), config=config, tokenizer=tokenizer) as model:
                self.assertEqual(list(model.text("a cat")), expected)


if __name__ == "__main__":
    sys.exit(main())
