"""The model: load, classify, embed, compare with texts."""

import ctypes
import math
import os
import threading
import weakref
from array import array
from dataclasses import dataclass, fields
from typing import Any, Callable, Iterator, List, Optional, Sequence, Set, Tuple, Union

from . import _api, pictures
from .errors import StateError, error_for
from .options import Options, Progress

_ERROR_SIZE = 512


@dataclass(frozen=True)
class Info:
    """What is known about a loaded model. Sizes are in pixels, tokens or numbers; bytes where it says so."""

    architecture: str
    family: str
    format: str
    isa: str
    precision: str
    pipeline: str
    notes: str
    sources: str
    outputs: int
    classes: int
    embedding: int
    width: int
    depth: int
    heads: int
    head_dim: int
    mlp: int
    channels: int
    image_width: int
    image_height: int
    patch_width: int
    patch_height: int
    tokens: int
    prefix: int
    parameters: int
    weight_bytes: int
    owned_bytes: int
    max_batch: int
    threads: int
    in_place: bool
    trained_width: int
    trained_height: int
    macs: int
    eps: float
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    text_context: int
    vocabulary: int
    text_width: int
    text_depth: int
    text_heads: int
    tokenizer: bool
    sigmoid: bool
    logit_scale: float
    logit_bias: float


class Model:
    """A Vision Transformer.

    source is the path of a .vit or .safetensors file or of a folder with one, or the bytes of such a file. The keyword
    arguments are vit.h's options: threads=1, precision="f32" | "bf16" | "int8", isa="avx2" (a cap), width=, height= (input size),
    max_batch=1, normalize=True (embeddings of length 1), activation=, pool=, heads=, resize=, filter=, position=, eps=, crop=,
    passes="pillow_13" (resizing as by Pillow 13), mean=, std=, config= and preprocessor= (JSON text or a dict),
    max_image_side=, max_memory=, map=; of a model with a text tower text=False (leave it out), text_heads=, tokenizer= (path or
    bytes of its file). labels replaces the model's
    class names. progress(done, total) is called while loading; a true result stops it.

    One picture gives one result, a batch (list, tuple, 4-D array) a list or an array with one more dimension. Arrays are numpy
    arrays where numpy is installed, else array.array (a batch: a list of them; more dimensions: flat).

    Calls on one Model wait for each other. The GIL is released while one runs, so other threads go on; to run pictures on several
    threads at the same time give each its own `clone()`, which shares the weights.
    """

    def __init__(
        self,
        source: Union[str, "os.PathLike[str]", bytes, bytearray, memoryview],
        *,
        labels: Optional[Sequence[str]] = None,
        progress: Optional[Progress] = None,
        **options: Any,
    ) -> None:
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)

            def call(out: Any, chosen: Any, text: Any) -> int:
                return _api.library.vit_load_memory(out, data, len(data), chosen, text, _ERROR_SIZE)
        else:
            path = os.fspath(source).encode("utf-8", "surrogateescape")

            def call(out: Any, chosen: Any, text: Any) -> int:
                return _api.library.vit_load(out, path, chosen, text, _ERROR_SIZE)

        self._open(call, options, progress)
        self._labels = self._check_labels(labels) if labels is not None else None

    def _open(self, call: Callable[..., int], values: Any, progress: Optional[Progress] = None) -> None:
        handle = ctypes.c_void_p()
        text = ctypes.create_string_buffer(_ERROR_SIZE)
        with Options(values, progress) as options:
            status = call(ctypes.byref(handle), options.handle, text)
            if options.failure is not None:
                if status == _api.OK:
                    _api.library.vit_free(handle)
                raise options.failure
        if status != _api.OK:
            raise error_for(status, text.value.decode("utf-8", "replace"))
        self._handle: Optional[int] = handle.value
        self._lock = threading.Lock()
        self._requested: Set[Tuple[int, int]] = set()
        # Runs once: at close, when the object is collected, or before the interpreter goes.
        self._finalizer = weakref.finalize(self, _api.library.vit_free, handle.value)

    def clone(self, **options: Any) -> "Model":
        """A second model on the same weights, for another thread. Options as in Model, those about the weights excepted."""
        twin = Model.__new__(Model)
        with self._lock:
            source = self._context()
            twin._open(
                lambda out, chosen, text: _api.library.vit_clone(out, source, chosen if options else None, text, _ERROR_SIZE),
                options,
            )
        twin._labels = self._labels
        return twin

    def close(self) -> None:
        """Frees the model; harmless when done twice. Also at the end of a `with` block and when the object goes away."""
        with self._lock:
            self._handle = None
            self._finalizer()

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._handle is None:
            return "<vit.Model, closed>"
        i = self.info
        return f"<vit.Model {i.architecture or i.family} {i.image_width}x{i.image_height} {i.precision} {i.isa}>"

    # ---- running -------------------------------------------------------------------------------------------------------------

    def __call__(self, images: Any) -> Any:
        """The same as logits()."""
        return self.logits(images)

    def logits(self, images: Any) -> Any:
        """[K] for one picture, [B, K] for several; the embedding for a model without a head."""
        with self._lock:
            return self._shaped(images, *self._forward(self._batch(images)))

    def embed(self, images: Any) -> Any:
        """Pooled embedding, what the head sees: [D] or [B, D]. Of length 1 with normalize=True."""
        return self._outputs(images, _api.OUTPUT_EMBEDDING)

    def tokens(self, images: Any) -> Any:
        """All tokens after the final norm: [T, D] or [B, T, D]."""
        return self._outputs(images, _api.OUTPUT_TOKENS)

    def hidden(self, images: Any, index: int) -> Any:
        """Hidden state: index 0 the embeddings, i the output of block i, -1 that of the last one: [T, D] or [B, T, D]."""
        if index < 0:
            with self._lock:
                index += self._integer(_api.INFO_DEPTH) + 1
        return self._outputs(images, _api.OUTPUT_HIDDEN, index)

    def classify(self, images: Any, top: int = 5) -> Any:
        """[(label, probability), ...], best first; for several pictures a list of these. Without labels: class numbers as text."""
        with self._lock:
            if self._integer(_api.INFO_CLASSES) == 0:
                raise error_for(_api.ERROR_UNSUPPORTED, "this model has no head: it gives embeddings, not classes")
            values, (count, classes) = self._forward(self._batch(images))
            results = [self._best(values, row * classes, classes, top) for row in range(count)]
        return results if pictures.is_batch(images) else results[0]

    def text(self, texts: Union[str, Sequence[str]]) -> Any:
        """Embeddings of texts by the text tower of CLIP or SigLIP: [E] for one text, [N, E] for several."""
        one = isinstance(texts, str)
        with self._lock:
            return self._shaped_texts(one, *self._text([texts] if one else list(texts)))

    def text_tokens(self, text: str) -> List[int]:
        """The token ids of a text, with its end and padding."""
        with self._lock:
            ids = (ctypes.c_int32 * self._integer(_api.INFO_TEXT_CONTEXT))()
            self._check(_api.library.vit_text_tokens(self._context(), _encoded(text), ids, len(ids), None))
            return list(ids)

    def zeroshot(self, images: Any, texts: Sequence[str], templates: Optional[Sequence[str]] = None) -> Any:
        """[(text, score), ...], best first; for several pictures a list of these. CLIP's scores sum to 1, SigLIP's are each for
        itself. templates ("a photo of a {}"): each text is put into all of them, and the mean of the normalised embeddings is
        taken."""
        names = list(texts)
        with self._lock:
            rows = self._text([template.replace("{}", name) for name in names for template in templates or ["{}"]])[0]
            width = self._integer(_api.INFO_EMBEDDING)
            block = _means(rows, width, len(templates)) if templates else rows
            pictures_block, (count, _) = self._forward(self._batch(images))
            scores = (ctypes.c_float * (count * len(names)))()
            self._check(
                _api.library.vit_zeroshot(self._context(), pictures_block, count, block, len(names), scores, len(scores))
            )
        results = []
        for row in range(count):
            mine = scores[row * len(names) : (row + 1) * len(names)]
            results.append(sorted(zip(names, mine), key=lambda pair: -pair[1]))
        return results if pictures.is_batch(images) else results[0]

    def preprocess(self, image: Any) -> Any:
        """What the model would be given for this picture: [C, H, W]."""
        with self._lock:
            shape = self._input_shape()
            values = (ctypes.c_float * (shape[0] * shape[1] * shape[2]))()
            block, alive = pictures.convert([image], *self._input_size())
            self._check(_api.library.vit_preprocess(self._context(), block, values, len(values)))
            del alive
        return _array(values, shape)

    def set_input_size(self, width: int, height: int) -> None:
        """Other input size, a multiple of the patch size; positions are resampled."""
        with self._lock:
            self._check(_api.library.vit_set_input_size(self._context(), width, height))

    def save(self, path: Union[str, "os.PathLike[str]"], labels: Optional[Sequence[str]] = None) -> None:
        """Writes one self-contained .vit file: packed weights, preprocessing, labels."""
        names = self._check_labels(labels) if labels is not None else self._labels
        block = None
        if names is not None:
            block = (ctypes.c_char_p * len(names))(*[name.encode() for name in names])
        with self._lock:
            path_bytes = os.fspath(path).encode("utf-8", "surrogateescape")
            self._check(_api.library.vit_save(self._context(), path_bytes, block, len(names or [])))

    # ---- information -----------------------------------------------------------------------------------------------------------

    @property
    def labels(self) -> List[str]:
        """Names of the classes, [] when there are none."""
        if self._labels is not None:
            return list(self._labels)
        with self._lock:
            count = self._integer(_api.INFO_LABELS)
            return [_api.library.vit_label(self._context(), i).decode() for i in range(count)]

    @property
    def info(self) -> Info:
        with self._lock:
            values: Any = {}
            for field in fields(Info):
                key = field.name.upper()
                if field.type is str:
                    values[field.name] = _api.library.vit_info_text(self._context(), getattr(_api, "TEXT_" + key)).decode()
                elif field.type in (int, bool):
                    values[field.name] = field.type(self._integer(getattr(_api, "INFO_" + key)))
            channels = values["channels"]
            values["eps"] = self._real(_api.REAL_EPS, 0)
            values["mean"] = tuple(self._real(_api.REAL_MEAN, i) for i in range(channels))
            values["std"] = tuple(self._real(_api.REAL_STD, i) for i in range(channels))
            values["logit_scale"] = self._real(_api.REAL_LOGIT_SCALE, 0) if values["text_context"] else 0.0
            values["logit_bias"] = self._real(_api.REAL_LOGIT_BIAS, 0) if values["text_context"] else 0.0
            return Info(**values)

    # ---- inside: all of these are called with the lock held -----------------------------------------------------------------

    def _context(self) -> int:
        if self._handle is None:
            raise StateError("the model is closed")
        return self._handle

    def _check(self, status: int) -> None:
        if status != _api.OK:
            raise error_for(status, _api.library.vit_message(self._context()).decode("utf-8", "replace"))

    def _integer(self, key: int) -> int:
        value = ctypes.c_int64()
        self._check(_api.library.vit_info_int(self._context(), key, ctypes.byref(value)))
        return value.value

    def _real(self, key: int, index: int) -> float:
        value = ctypes.c_double()
        self._check(_api.library.vit_info_real(self._context(), key, index, ctypes.byref(value)))
        return value.value

    def _input_size(self) -> Tuple[int, int, int]:
        """Channels, width, height."""
        integer = self._integer
        return integer(_api.INFO_CHANNELS), integer(_api.INFO_IMAGE_WIDTH), integer(_api.INFO_IMAGE_HEIGHT)

    def _input_shape(self) -> Tuple[int, int, int]:
        channels, width, height = self._input_size()
        return channels, height, width

    def _batch(self, images: Any) -> List[Any]:
        return list(images) if pictures.is_batch(images) else [images]

    def _run(self, images: List[Any], out: Any = None, outputs: int = 0) -> Iterator[None]:
        """Runs the pictures in slices of max_batch, as requested outputs need it, and stops after each of them."""
        size = self._integer(_api.INFO_MAX_BATCH)
        for start in range(0, len(images), size):
            part = images[start : start + size]
            block, alive = pictures.convert(part, *self._input_size())
            address = ctypes.addressof(out) + 4 * start * outputs if out is not None else None
            self._check(_api.library.vit_forward(self._context(), block, len(part), address, len(part) * outputs))
            del alive
            yield

    def _forward(self, images: List[Any]) -> Tuple[Any, Tuple[int, int]]:
        """The logits, and their shape."""
        outputs = self._integer(_api.INFO_OUTPUTS)
        values = (ctypes.c_float * (len(images) * outputs))()
        for _ in self._run(images, values, outputs):
            pass
        return values, (len(images), outputs)

    def _outputs(self, images: Any, output: int, index: int = 0) -> Any:
        with self._lock:
            everything = self._batch(images)
            if (output, index) not in self._requested:
                self._check(_api.library.vit_request(self._context(), output, index))
                self._requested.add((output, index))
            parts: List[bytes] = []
            shape: Tuple[int, ...] = ()
            for _ in self._run(everything):
                data, shape = self._view(output, index)
                parts.append(data)
            values = (ctypes.c_float * (sum(map(len, parts)) // 4)).from_buffer_copy(b"".join(parts))
            return self._shaped(images, values, (len(everything), *shape[1:]))

    def _view(self, output: int, index: int) -> Tuple[bytes, Tuple[int, ...]]:
        data = ctypes.POINTER(ctypes.c_float)()
        shape = (ctypes.c_int64 * 4)()
        rank = ctypes.c_int32()
        self._check(
            _api.library.vit_output(self._context(), output, index, ctypes.byref(data), shape, ctypes.byref(rank))
        )
        dims = tuple(shape[: rank.value])
        count = 1
        for size in dims:
            count *= size
        return ctypes.string_at(data, 4 * count), dims

    def _shaped(self, images: Any, values: Any, shape: Tuple[int, ...]) -> Any:
        return _array(values, shape if pictures.is_batch(images) else shape[1:])

    def _text(self, texts: List[str]) -> Tuple[Any, Tuple[int, int]]:
        """The embeddings of texts, and their shape."""
        width = self._integer(_api.INFO_EMBEDDING)
        values = (ctypes.c_float * (len(texts) * width))()
        block = (ctypes.c_char_p * len(texts))(*[_encoded(text) for text in texts])
        self._check(_api.library.vit_text(self._context(), block, len(texts), values, len(values)))
        return values, (len(texts), width)

    @staticmethod
    def _shaped_texts(one: bool, values: Any, shape: Tuple[int, int]) -> Any:
        return _array(values, shape[1:] if one else shape)

    def _best(self, values: Any, start: int, classes: int, top: int) -> List[Tuple[str, float]]:
        row = (ctypes.c_float * classes).from_buffer(values, 4 * start)
        best = (ctypes.c_int32 * min(top, classes))()
        self._check(_api.library.vit_softmax(row, classes, row))
        self._check(_api.library.vit_top(row, classes, len(best), best))
        return [(self._label(i), row[i]) for i in best]

    def _label(self, index: int) -> str:
        if self._labels is not None:
            return self._labels[index]
        return _api.library.vit_label(self._context(), index).decode() or str(index)

    def _check_labels(self, labels: Sequence[str]) -> List[str]:
        names = [str(label) for label in labels]
        classes = self._integer(_api.INFO_CLASSES)
        if len(names) != classes:
            raise ValueError(f"{len(names)} labels for {classes} classes")
        return names


def _encoded(text: str) -> bytes:
    """UTF-8; lone surrogates become what the tokenizers make of broken text."""
    encoded = text.encode("utf-8", "surrogatepass")
    if b"\0" in encoded:
        raise ValueError("a text must not contain NUL")
    return encoded


def _means(rows: Any, width: int, count: int) -> Any:
    """The means of so many consecutive rows at a time, each row normalised before."""
    means = (ctypes.c_float * (len(rows) // count))()
    for start in range(0, len(rows), width):
        row = rows[start : start + width]
        norm = math.sqrt(sum(x * x for x in row)) or 1.0
        at = start // (width * count) * width
        for i, x in enumerate(row):
            means[at + i] += x / norm
    return means


def _array(values: Any, shape: Tuple[int, ...]) -> Any:
    """A numpy array of this shape on the values' own memory; without numpy an array.array, or a list of them for two dimensions."""
    try:
        import numpy
    except ImportError:
        flat = array("f", bytes(values))
        if len(shape) == 1 or len(shape) > 2:
            return flat
        return [flat[row * shape[1] : (row + 1) * shape[1]] for row in range(shape[0])]
    return numpy.frombuffer(values, dtype=numpy.float32).reshape(shape)
