"""The one model that every runtime computes: weights in timm's names, read from a safetensors file or made at random."""

import json
import os
from dataclasses import dataclass
from typing import Any, Dict

import numpy as np

CLASSES = 1000
EPS = 1e-6  # of timm's vision_transformer.py
MEAN, STD = np.array([0.485, 0.456, 0.406], dtype=np.float32), np.array([0.229, 0.224, 0.225], dtype=np.float32)
SIZES = {"ti": (192, 12, 3), "s": (384, 12, 6), "b": (768, 12, 12), "l": (1024, 24, 16), "least": (64, 1, 1)}  # width, depth, heads


@dataclass(frozen=True)
class Shape:
    """What is measured: a size and patch, as in "b16", and the side of the picture in pixels."""

    name: str
    side: int

    @property
    def label(self) -> str:
        size = self.name.rstrip("0123456789")
        if size == self.name:  # of a file
            return self.name
        text = f"{size.capitalize()}/{self.name[len(size):]}"
        return text if self.side == 224 else f"{text} at {self.side}"

    @property
    def file(self) -> str:
        return f"{self.name}-{self.side}"


@dataclass
class Checkpoint:
    tensors: Dict[str, np.ndarray]
    heads: int

    @property
    def patch(self) -> int:
        return self.tensors["patch_embed.proj.weight"].shape[2]

    @property
    def width(self) -> int:
        return self.tensors["cls_token"].shape[-1]

    @property
    def depth(self) -> int:
        return sum(name.endswith(".norm1.weight") for name in self.tensors)

    @property
    def tokens(self) -> int:
        return self.tensors["pos_embed"].shape[1]

    @property
    def side(self) -> int:
        return round((self.tokens - 1) ** 0.5) * self.patch


def random(shape: Shape, seed: int = 1) -> Checkpoint:
    """Weights of a spread that keeps activations near 1 from layer to layer, so that numbers that go wrong show."""
    size = shape.name.rstrip("0123456789")
    patch = int(shape.name[len(size) :])
    width, depth, heads = SIZES[size]
    generator = np.random.default_rng(seed)
    tensors: Dict[str, np.ndarray] = {}

    def normal(name: str, *dimensions: int, spread: float, middle: float = 0) -> None:
        tensors[name] = middle + spread * generator.standard_normal(dimensions, dtype=np.float32)

    def linear(name: str, outputs: int, inputs: int) -> None:
        normal(f"{name}.weight", outputs, inputs, spread=inputs**-0.5)
        normal(f"{name}.bias", outputs, spread=0.1)

    def norm(name: str) -> None:
        normal(f"{name}.weight", width, spread=0.1, middle=1)
        normal(f"{name}.bias", width, spread=0.1)

    normal("cls_token", 1, 1, width, spread=0.5)
    normal("pos_embed", 1, 1 + (shape.side // patch) ** 2, width, spread=0.5)
    normal("patch_embed.proj.weight", width, 3, patch, patch, spread=(3 * patch * patch) ** -0.5)
    normal("patch_embed.proj.bias", width, spread=0.1)
    for i in range(depth):
        norm(f"blocks.{i}.norm1")
        linear(f"blocks.{i}.attn.qkv", 3 * width, width)
        linear(f"blocks.{i}.attn.proj", width, width)
        norm(f"blocks.{i}.norm2")
        linear(f"blocks.{i}.mlp.fc1", 4 * width, width)
        linear(f"blocks.{i}.mlp.fc2", width, 4 * width)
    norm("norm")
    linear("head", CLASSES, width)
    return Checkpoint(tensors, heads)


def picture(side: int, batch: int, seed: int = 2) -> np.ndarray:
    """Model input [batch, 3, side, side], a different picture in each place: bytes of noise, normalised, as not every runtime takes floats."""
    noise = np.random.default_rng(seed).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)
    return np.ascontiguousarray(((noise / np.float32(255) - MEAN) / STD).transpose(0, 3, 1, 2))


def pixels(normalised: np.ndarray) -> np.ndarray:
    """Bytes [side, side, 3] of one picture."""
    return np.round((normalised.transpose(1, 2, 0) * STD + MEAN) * 255).astype(np.uint8)


# ---- safetensors -----------------------------------------------------------------------------------------------------------------


def write(path: str, checkpoint: Checkpoint) -> None:
    header: Dict[str, object] = {}
    at = 0
    for name, tensor in checkpoint.tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 64)
    with open(path + ".new", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in checkpoint.tensors.values():
            file.write(np.ascontiguousarray(tensor, dtype="<f4").tobytes())
    os.replace(path + ".new", path)


def _header(path: str) -> "tuple[Dict[str, Any], int]":
    """And where the data begins."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length


def heads_of(path: str) -> int:
    """64 numbers a head, as in every plain ViT up to L."""
    return int(_header(path)[0]["cls_token"]["shape"][-1]) // 64


def read(path: str) -> Checkpoint:
    """A plain ViT in timm's names with f32 tensors."""
    header, base = _header(path)
    data = np.memmap(path, mode="r")
    tensors: Dict[str, np.ndarray] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise SystemExit(f"{path}: tensor {name} is {entry['dtype']}, but the comparison wants F32")
        start, end = (base + offset for offset in entry["data_offsets"])
        tensors[name] = np.array(data[start:end].view("<f4").reshape(entry["shape"]))
    unknown = [name for name in tensors if name.split(".")[0] not in ("cls_token", "pos_embed", "patch_embed", "blocks", "norm", "head")]
    if unknown or "cls_token" not in tensors or "head.weight" not in tensors:
        raise SystemExit(f"{path}: not a plain ViT in timm's names{': ' + unknown[0] if unknown else ''}")
    return Checkpoint(tensors, heads_of(path))
