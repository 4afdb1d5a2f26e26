"""vit.cpp, which is a program: the environment variable VIT_CPP names it, as built by its README; `quantize` lies beside it. It computes
one picture in a process, from a file, and prints the order of the classes and how long that took, without loading."""

import os
import re
import struct
import subprocess
import tempfile
from typing import Optional

import numpy as np

from .checkpoint import CLASSES, Checkpoint, Shape, pixels, random

MAGIC = 0x67676D6C
F32, F16 = 0, 1
Q8_0 = "8"  # as `quantize` wants it
LEAST_PATCH, LEAST_RUNS = 32, 5  # of the model that only shows what else a picture costs


def program() -> str:
    path = os.environ.get("VIT_CPP", "")
    if not path:
        raise ImportError("VIT_CPP does not name its program")
    if not os.access(path, os.X_OK):
        raise ImportError(f"{path} cannot be run")
    return path


def write(path: str, model: Checkpoint) -> None:
    """The model in its format: f32, but for the patch embedding, which it wants as f16. Classes are called by their numbers."""
    with open(path, "wb") as file:
        sizes = (model.width, model.depth, model.heads, CLASSES, model.patch, model.side)
        file.write(struct.pack("<9i", MAGIC, *sizes, F32, CLASSES))
        for i in range(CLASSES):
            label = str(i).encode()
            file.write(struct.pack("<2i", i, len(label)) + label)
        for name, tensor in model.tensors.items():
            kind = F16 if name == "patch_embed.proj.weight" else F32
            shape = (1, tensor.shape[0], 1, 1) if name == "patch_embed.proj.bias" else tensor.shape
            file.write(struct.pack("<3i", len(shape), len(name), kind))
            file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)) + name.encode())
            file.write(tensor.astype("<f2" if kind == F16 else "<f4").tobytes())


def quantise(source: str, path: str) -> None:
    tool = os.path.join(os.path.dirname(program()), "quantize")
    subprocess.run([tool, source, path, Q8_0], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


class Process:
    """Runs it once a picture."""

    def __init__(self, model: str, threads: int) -> None:
        self.model, self.threads = model, threads
        self.picture = tempfile.NamedTemporaryFile(suffix=".ppm")
        self.written: Optional[np.ndarray] = None
        self.last = 0.0
        self.rest: Optional[float] = None

    def _run(self, model: str) -> "tuple[str, float]":
        """What it prints, and the seconds that it says decoding, normalising and computing a picture took."""
        words = [program(), "-m", model, "-t", str(self.threads), "-k", str(CLASSES), "-i", self.picture.name]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time = re.search(r"processing time = *([0-9.]+) ms", done.stderr)
        if done.returncode != 0 or time is None:
            raise RuntimeError(f"vit.cpp ended with status {done.returncode}: {done.stderr.strip()[-100:]}")
        return done.stdout, 1e-3 * float(time.group(1))

    def ranks(self, pictures: np.ndarray) -> np.ndarray:
        """[1, classes]: the likelier, the larger."""
        if pictures is not self.written:
            _, side, _ = pictures[0].shape
            self.picture.seek(0)
            self.picture.write(b"P6 %d %d 255\n" % (side, side) + pixels(pictures[0]).tobytes())
            self.picture.flush()
            self.written = pictures
        text, self.last = self._run(self.model)
        order = [int(label) for label in re.findall(r"^ > ([0-9]+) : ", text, re.MULTILINE)]
        ranks = np.empty((1, CLASSES))
        ranks[0, order] = np.arange(CLASSES, 0, -1)
        return ranks

    def seconds(self) -> float:
        """Of the last picture, less what a model takes that has next to nothing to compute: decoding and normalising."""
        if self.rest is None:
            side = self.written.shape[-1] if self.written is not None else 0
            with tempfile.NamedTemporaryFile() as file:
                write(file.name, random(Shape(f"least{LEAST_PATCH}", side)))
                self.rest = min(self._run(file.name)[1] for _ in range(LEAST_RUNS))
        return self.last - self.rest
