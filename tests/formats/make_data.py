#!/usr/bin/env python3
"""Makes tests/formats/data: small files of every container, written by NumPy, PyTorch, safetensors and gguf themselves.

    python3 tests/formats/make_data.py      (pip: numpy, torch, timm, safetensors, gguf)

Most tensors hold numbers that the tests can compute: element i in row-major order of a tensor whose name's bytes add up to s is
((7 i + 13 s) % 61 - 30) / 4, exact in every type. Those called *.random are compared with their twin *.expected.
"""
import argparse
import collections
import io
import json
import os
import shutil
import struct
import zipfile
import zlib

import numpy as np
import torch

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def path(name):
    full = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def numbers(name, shape, dtype=np.float32):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    return (((7 * i + 13 * sum(name.encode())) % 61 - 30) / 4).reshape(shape).astype(dtype)


def tensor(name, shape, dtype=torch.float32):
    return torch.from_numpy(numbers(name, shape)).to(dtype)


# ---- npz --------------------------------------------------------------------------------------------------------------------------

def arrays():
    a = {name: numbers(name, shape, dtype) for name, shape, dtype in [
        ("f32", (3, 5), "<f4"), ("f16", (4, 2), "<f2"), ("f64", (7,), "<f8"), ("scalar", (), "<f4"), ("empty", (0, 3), "<f4"),
        ("Transformer/encoderblock_0/LayerNorm_0/scale", (6,), "<f4"), ("i32", (3,), "<i4"), ("i64", (2, 2), "<i8"),
        ("i16", (2,), "<i2"), ("i8", (5,), "|i1"), ("large", (40, 30), "<f4")]}
    a["u8"] = np.arange(5, dtype=np.uint8)
    a["bool"] = np.array([True, False, True])
    a["columns"] = np.asfortranarray(numbers("columns", (5, 4)))
    a["columns3"] = np.asfortranarray(numbers("columns3", (2, 3, 4), "<f8"))
    a["bf16"] = tensor("bf16", (3, 3), torch.bfloat16).view(torch.int16).numpy().view("V2")
    a["text"] = np.array(["abc", "de"])
    a["records"] = np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4", (2,))])
    a["objects"] = np.array([None, "x"], dtype=object)
    return a


def make_npz():
    np.savez(path("plain.npz"), **arrays())
    np.savez_compressed(path("packed.npz"), **arrays())
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT = 0
    np.savez(path("zip64.npz"), **{k: v for k, v in arrays().items() if k in ("f32", "columns", "scalar")})
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits
    with zipfile.ZipFile(path("versions.npz"), "w") as z:
        for version in ((1, 0), (2, 0), (3, 0)):
            name = "version%d" % version[0]
            f = io.BytesIO()
            np.lib.format.write_array(f, numbers(name, (2, 3)), version=version)
            z.writestr(zipfile.ZipInfo(name + ".npy"), f.getvalue())
        z.writestr(zipfile.ZipInfo("README"), "np.load gives such members as bytes")
        z.comment = b"a comment at the end of the archive"


def make_streams():
    """A text that test_inflate.c makes as well, as deflate streams of every kind: sizes and CRC-32, then for each its size and itself."""
    text = bytes((i * i >> 5) % 97 + (i % 89 == 0) * 130 for i in range(3000)) + b"the same again " * 300 + bytes(40000)
    with open(path("streams.bin"), "wb") as f:
        f.write(struct.pack("<II", len(text), zlib.crc32(text)))
        variants = [(level, zlib.Z_DEFAULT_STRATEGY) for level in (1, 6, 9)]
        variants += [(6, strategy) for strategy in (zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE)]
        for level, strategy in variants:
            c = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
            packed = c.compress(text[:2000]) + c.flush(zlib.Z_FULL_FLUSH) + c.compress(text[2000:]) + c.flush()
            f.write(struct.pack("<I", len(packed)) + packed)


# ---- PyTorch ----------------------------------------------------------------------------------------------------------------------

def state():
    """Everything that a tensor can be in such a file."""
    s = collections.OrderedDict()
    for name, shape, dtype in [("f32", (3, 5), torch.float32), ("f16", (4, 2), torch.float16), ("bf16", (3, 3), torch.bfloat16),
                               ("f64", (7,), torch.float64), ("scalar", (), torch.float32), ("empty", (0, 3), torch.float32),
                               ("i64", (2, 2), torch.int64)]:
        s[name] = tensor(name, shape, dtype)
    s["transposed"] = tensor("transposed", (4, 6)).t().contiguous().t()
    s["permuted"] = tensor("permuted", (2, 3, 4)).permute(2, 0, 1).contiguous().permute(1, 2, 0)
    base = torch.zeros(10, 8)  # four views of one storage
    for name, view in (("rows", base[2:5]), ("corner", base[6:9, 2:5]), ("sparse", base[::5, 1]), ("row", base[:1, 2:5])):
        view.copy_(tensor(name, tuple(view.shape)))
        s[name] = view
    s["tied"] = s["f32"]
    s["parameter"] = torch.nn.Parameter(tensor("parameter", (2, 2)))
    s["complex"] = torch.zeros(2, dtype=torch.complex64)
    s["mask"] = torch.tensor([True, False])
    s["f8"] = torch.zeros(3, dtype=torch.float8_e4m3fn)
    s["_extra_state"] = None
    s["version"] = 3
    return s


def weights(prefix=""):
    return collections.OrderedDict((prefix + n, tensor(prefix + n, shape)) for n, shape in [("a.weight", (3, 2)), ("a.bias", (3,))])


def training():
    """What a training program leaves: the weights are one entry of many."""
    model = torch.nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return {"model": weights(), "optimizer": optimizer.state_dict(), "epoch": 299, "best": np.float64(81.25), "count": np.int64(2 ** 40),
            "args": argparse.Namespace(lr=5e-4, model="deit_tiny", milestones=[30, 60], decay=None, big=2 ** 70, ratio=(0.75, 4 / 3)),
            "loss": torch.tensor(0.5), "names": {"x", "y"}, "raw": b"bytes", "array": np.arange(4.0), "device": torch.device("cpu"),
            "counter": collections.Counter("abca"), "history": collections.defaultdict(list, {"loss": [1.0, 2.0]}),
            "size": torch.Size([1, 2]), "dtype": torch.float16}


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.LayerNorm(4)
        self.fc = torch.nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(self.norm(x))


def module():
    m = torch.nn.Sequential(Block(), torch.nn.GELU(), torch.nn.ModuleDict({"inner": torch.nn.Linear(3, 2, bias=False)}))
    fill(m)
    return m


def fill(m):
    with torch.no_grad():
        for name, p in m.named_parameters():
            p.copy_(tensor(name, tuple(p.shape)))
    return m


def make_torch():
    torch.save(state(), path("state.pth"))
    torch.save(state(), path("state_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(training(), path("training.pth"))
    torch.save(training(), path("training_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save({"state_dict": {"model": weights()}, "n": 1}, path("nested.pth"))
    torch.save({"model": weights("wrong."), "model_ema": weights(), "teacher": weights("wrong.")}, path("ema.pth"))
    for protocol in (4, 5):
        torch.save(training(), path("protocol%d.pth" % protocol), pickle_protocol=protocol)
    torch.save(weights(), path("protocol4_legacy.pth"), pickle_protocol=4, _use_new_zipfile_serialization=False)
    torch.save({"model": torch.nn.Sequential(fill(torch.nn.Linear(2, 3)))}, path("module.pth"))
    script = torch.jit.script(fill(torch.nn.Sequential(collections.OrderedDict(a=Block(), b=torch.nn.Linear(3, 2)))))
    script.half().save(path("script.pt"))


# ---- GGUF -------------------------------------------------------------------------------------------------------------------------

def make_gguf():
    import gguf
    w = gguf.GGUFWriter(path("small.gguf"), "clip")
    w.add_uint32("clip.vision.image_size", 224)
    w.add_int8("test.int8", -5)
    w.add_uint64("test.uint64", 2 ** 64 - 1)
    w.add_int64("test.int64", -2 ** 62)
    w.add_float32("clip.vision.attention.layer_norm_epsilon", 2.0 ** -20)
    w.add_float64("test.float64", 0.1)
    w.add_bool("clip.use_gelu", True)
    w.add_string("clip.projector_type", "mlp")
    w.add_array("clip.vision.image_mean", [0.5, 0.25, 0.125])
    w.add_array("clip.vision.feature_layer", [-2, 5])
    w.add_array("tokenizer.ggml.tokens", ["a", "bc", ""])
    w.add_array("tokenizer.ggml.scores", [float(i) for i in range(100)])
    w.add_tensor("v.f32", numbers("v.f32", (3, 5)))
    w.add_tensor("v.f16", numbers("v.f16", (4, 2), np.float16))
    w.add_tensor("v.f64", numbers("v.f64", (2, 2, 3), np.float64))
    w.add_tensor("v.i32", numbers("v.i32", (3,), np.int32))
    bf16 = tensor("v.bf16", (3, 3), torch.bfloat16).view(torch.int16).numpy().view(np.uint8).reshape(3, 6)
    w.add_tensor("v.bf16", bf16, raw_dtype=gguf.GGMLQuantizationType.BF16)
    random = np.random.default_rng(1)
    for kind in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"):
        kind = gguf.GGMLQuantizationType[kind]
        packed = gguf.quants.quantize(random.normal(size=(3, 64)).astype(np.float32), kind)
        w.add_tensor(kind.name + ".random", packed, raw_dtype=kind)
        w.add_tensor(kind.name + ".expected", gguf.quants.dequantize(packed, kind))
    w.add_tensor("k.other", np.zeros((1, 144), np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q4_K)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


# ---- where the fuzzers start from ---------------------------------------------------------------------------------------------------

def make_seeds():
    """Parts of the files that the fuzzers wrap up themselves: pickles, .npy files, deflate streams behind their unpacked size."""
    seeds = os.path.join("..", "..", "fuzz", "seeds")
    for archive in ("state.pth", "training.pth", "module.pth", "script.pt"):
        with zipfile.ZipFile(path(archive)) as z:
            name = next(n for n in z.namelist() if n.endswith("/data.pkl"))
            with open(path(os.path.join(seeds, "pth", archive + ".pickle")), "wb") as f:
                f.write(z.read(name))
    with zipfile.ZipFile(path("plain.npz")) as z:
        for name in ("f32.npy", "columns.npy", "records.npy", "scalar.npy"):
            with open(path(os.path.join(seeds, "npz", name)), "wb") as f:
                f.write(z.read(name))
    text = b"the same again and again and again " * 5 + bytes(range(256))
    for level, strategy in ((0, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_FIXED)):
        c = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
        with open(path(os.path.join(seeds, "inflate", "level%d_strategy%d" % (level, strategy))), "wb") as f:
            f.write(struct.pack("<H", len(text)) + c.compress(text) + c.flush())


# ---- one model in all of them -------------------------------------------------------------------------------------------------------

def small_model():
    import timm
    torch.manual_seed(3)
    args = dict(img_size=8, patch_size=4, embed_dim=16, depth=1, num_heads=2, mlp_ratio=2, num_classes=5)
    m = timm.models.vision_transformer.VisionTransformer(**args).eval()
    with torch.no_grad():
        for p in m.parameters():
            p.copy_(torch.randn(p.shape) * 0.3)
    config = {"architecture": "vit_tiny_patch16_224", "num_classes": 5, "model_args": args,
              "pretrained_cfg": {"input_size": [3, 8, 8], "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "center",
                                 "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}
    return m.state_dict(), config


def save_index(folder, index, shards, save):
    weight_map = {}
    for i, shard in enumerate(shards):
        name = "%s-%05d-of-%05d.%s" % (index.split(".")[0], i + 1, len(shards), index.split(".")[1])
        save(shard, path(os.path.join(folder, name)))
        weight_map.update({tensor_name: name for tensor_name in shard})
    with open(path(os.path.join(folder, index)), "w", encoding="utf-8") as f:
        json.dump({"metadata": {"total_size": 1}, "weight_map": weight_map}, f, indent=2)


def make_model():
    import gguf
    from safetensors.torch import save_file
    s, config = small_model()
    names = list(s)
    halves = [{n: s[n] for n in names[:7]}, {n: s[n] for n in names[7:]}]
    for folder in ("model", "model/sharded", "model/sharded_bin", "model/bin"):
        with open(path(folder + "/config.json"), "w", encoding="utf-8") as f:
            json.dump(config, f, indent=1)
    save_file(s, path("model/model.safetensors"))
    torch.save(s, path("model/zip.pth"))
    torch.save({"model": {"module." + n: t for n, t in s.items()}}, path("model/bin/pytorch_model.bin"),
               _use_new_zipfile_serialization=False)
    strided = {n: t.permute(*reversed(range(t.ndim))).contiguous().permute(*reversed(range(t.ndim))) for n, t in s.items()}
    torch.save(strided, path("model/strided.pth"))
    np.savez_compressed(path("model/columns.npz"), **{n: np.asfortranarray(t.numpy()) for n, t in s.items()})
    w = gguf.GGUFWriter(path("model/model.gguf"), "vit")
    for n, t in s.items():
        w.add_tensor(n, t.numpy())
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    save_index("model/sharded", "model.safetensors.index.json", halves, save_file)
    save_index("model/sharded_bin", "pytorch_model.bin.index.json", halves, torch.save)


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    for make in (make_npz, make_streams, make_torch, make_gguf, make_seeds, make_model):
        make()
