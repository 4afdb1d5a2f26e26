#!/usr/bin/env python3
"""Makes the google_* cases of tests/golden/data (make_golden.py says what a case is): checkpoints of Google's own models, their
parameters drawn at random, run by their own code in float32 and saved with numpy in every layout that such files were published in.

    python3 tests/golden/make_google.py VISION_TRANSFORMER BIG_VISION [case ...]

The first two arguments are checkouts of github.com/google-research/vision_transformer and .../big_vision.
(pip: jax, flax, scipy, pandas, tqdm, einops, ml_collections and what make_golden.py needs)
"""
import importlib.machinery
import os
import shutil
import sys
import types

import flax
import jax
import jax.numpy as jnp
import numpy as np
from flax.training import checkpoints

import torch

from make_golden import OUT, PICTURES, picture, write_run

sys.path += sys.argv[1:3]
gfile = types.ModuleType("tensorflow.io.gfile")  # imported by both projects for files elsewhere, not called here
io = types.ModuleType("tensorflow.io")
tensorflow = types.ModuleType("tensorflow")
io.gfile, tensorflow.io = gfile, io
for module in (tensorflow, io, gfile):
    module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, None)
    sys.modules[module.__name__] = module

from big_vision.models import vit as big_vit  # noqa: E402
from vit_jax import checkpoint, models_vit  # noqa: E402

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def randomise(tree, random):
    """Weights that make every part of the model count."""
    def draw(path, value):
        name, shape = "/".join(key.key for key in path), value.shape
        n = random.standard_normal(shape)
        if "conv" in name:  # kernels of a stem: few values, so that the deflated file stays small
            return random.integers(-1, 2, shape) / 4
        if name.endswith("scale"):
            return 1 + 0.3 * n
        if name.endswith("kernel"):
            inputs = np.prod(shape[1:-1] if "encoderblock/" in name else shape[:-1])
            return n * (shape[-3] if "query" in name or "key" in name or "value" in name else inputs) ** -0.5
        return n * (1.0 if "pos" in name or "cls" in name or "probe" in name else 0.5)
    return jax.tree_util.tree_map_with_path(lambda p, v: jnp.asarray(draw(p, v), jnp.float32), tree)


def flat(tree, prefix=""):
    return {prefix + k: np.asarray(v) for k, v in flax.traverse_util.flatten_dict(tree, sep="/").items()}


def pre_linen(params):
    """The names of files from before Linen; Google's own reader must make the same tree of them."""
    new = {"LayerNorm_1": "LayerNorm_2", "MultiHeadDotProductAttention_0": "MultiHeadDotProductAttention_1",
           "MlpBlock_0": "MlpBlock_3"}
    older = {"/".join(new.get(part, part) for part in k.split("/")): v for k, v in flat(params).items()}
    again = flat(checkpoints.convert_pre_linen(checkpoint.recover_tree(*zip(*older.items()))))
    assert again.keys() == flat(params).keys() and all((again[k] == v).all() for k, v in flat(params).items())
    return older


def save(folder, tensors, compressed=False):
    (np.savez_compressed if compressed else np.savez)(os.path.join(folder, "model.npz"), **tensors)


def outputs(model, params, x):
    """What every module returned."""
    _, state = model.apply({"params": params}, x, train=False, capture_intermediates=True, mutable=["intermediates"])
    return {k.removesuffix("/__call__"): v[0] for k, v in flax.traverse_util.flatten_dict(state["intermediates"], sep="/").items()}


# ---- vision_transformer ---------------------------------------------------------------------------------------------------

def vit_jax_model(**options):
    return models_vit.VisionTransformer(**{
        "num_classes": 5, "patches": types.SimpleNamespace(size=(4, 4)), "hidden_size": 12,
        "transformer": {"num_layers": 2, "mlp_dim": 20, "num_heads": 2, "dropout_rate": 0.0, "attention_dropout_rate": 0.0},
        **options})


def vit_jax_case(folder, random, side=16, sizes=(None,), dtype=jnp.float32, patch=4, **options):
    """Returns the parameters; writes the runs."""
    model = vit_jax_model(**options)
    params = model.init(jax.random.PRNGKey(0), jnp.zeros((1, side, side, 3)), train=False)["params"]
    params = jax.tree_util.tree_map(lambda v: v.astype(dtype).astype(jnp.float32), randomise(params, random))
    depth = model.transformer["num_layers"]
    for i, size in enumerate(sizes):
        run = params
        if size:
            run = jax.tree_util.tree_map(lambda v: v, params)
            position = run["Transformer"]["posembed_input"]["pos_embedding"]
            token = model.classifier == "token"
            run["Transformer"]["posembed_input"]["pos_embedding"] = checkpoint.interpolate_posembed(
                position, ((size + patch - 1) // patch) ** 2 + token, token)
        x = random.standard_normal((1, size or side, size or side, 3)).astype(np.float32)
        found = outputs(model, run, x)
        tokens = found["Transformer"][0]
        pooled = found["pre_logits"][0]  # the layer alone, without its tanh
        if model.representation_size:
            pooled = jnp.tanh(pooled)
        hidden = [found["Transformer/posembed_input"]] + [found["Transformer/encoderblock_%d" % d] for d in range(depth)]
        records = {"pixels": x[0].transpose(2, 0, 1), "embedding": pooled, "tokens": tokens,
                   "hidden": np.stack([np.asarray(h[0]) for h in hidden]), "logits": found["head"][0]}
        if size:
            records["size"] = [size, size]
        write_run(folder, "run%d" % i, records)
    return params


@case
def google_token(folder, random):  # as in the published files, and at another resolution
    save(folder, pre_linen(vit_jax_case(folder, random, sizes=(None, 24))))


@case
def google_21k(folder, random):  # the first ones, with pre_logits; a whole checkpoint with its optimizer
    params = vit_jax_case(folder, random, representation_size=7)
    older = pre_linen(params)
    tensors = {"opt/target/" + k: v for k, v in older.items()}
    tensors["opt/state/step"] = np.int64(3)
    tensors["opt/state/param_states/head/kernel/momentum"] = older["head/kernel"]
    save(folder, tensors)


@case
def google_gap(folder, random):
    save(folder, flat(vit_jax_case(folder, random, classifier="gap"), "params/"), compressed=True)


def half(params):
    return {k: v.astype(np.float16) for k, v in flat(params).items()}


@case
def google_hybrid(folder, random):  # two stages of a ResNet; sides of 24 and 25 pixels become 3 and 4
    resnet = types.SimpleNamespace(num_layers=(1, 1), width_factor=0.5)
    save(folder, half(vit_jax_case(folder, random, side=24, sizes=(None, 25), dtype=jnp.float16, patch=8, resnet=resnet,
                                   patches=types.SimpleNamespace(size=(1, 1)))), compressed=True)


@case
def google_hybrid_root(folder, random):  # R+Ti/16; group norms as they once were saved
    resnet = types.SimpleNamespace(num_layers=(), width_factor=0.5)
    tensors = half(vit_jax_case(folder, random, side=16, dtype=jnp.float16, resnet=resnet,
                                patches=types.SimpleNamespace(size=(2, 2))))
    for name in ("gn_root/scale", "gn_root/bias"):
        tensors[name] = tensors[name].reshape(1, 1, 1, -1)
    save(folder, tensors, compressed=True)


# ---- big_vision -----------------------------------------------------------------------------------------------------------

def big_vision_case(folder, random, side=16, sizes=(None,), depth=2, tower=False, dtype=jnp.float32, **options):
    make = lambda **more: big_vit.Model(**{"num_classes": 5, "patch_size": (4, 4), "width": 12, "depth": depth, "mlp_dim": 20,
                                           "num_heads": 2, **options, **more})
    model = make()
    params = model.init(jax.random.PRNGKey(0), jnp.zeros((1, side, side, 3)))["params"]
    params = jax.tree_util.tree_map(lambda v: v.astype(dtype).astype(jnp.float32), randomise(params, random))
    plain = {**params, "Transformer": big_vit.scan_to_pyloop(params)["Transformer"]} if model.scan else params
    for i, size in enumerate(sizes):
        run = dict(plain)
        if size:
            run["pos_embedding"] = jnp.asarray(big_vit.resample_posemb(np.asarray(plain["pos_embedding"]),
                                                                       np.zeros((1, (size // 4) ** 2, 12))))
        x = random.standard_normal((1, size or side, size or side, 3)).astype(np.float32)
        found = outputs(make(scan=False), run, x)
        _, out = make(scan=False).apply({"params": run}, x)
        first = out["with_posemb"][0]
        if model.pool_type == "tok":
            first = jnp.concatenate([params["cls"][0], first])
        hidden = [first] + [found["Transformer/encoderblock_%d" % d][0][0] for d in range(depth)]
        records = {"pixels": x[0].transpose(2, 0, 1), "tokens": found["Transformer"][0][0],
                   "hidden": np.stack([np.asarray(h) for h in hidden])}
        records["embedding"] = (out["logits"] if tower else out["pre_logits"])[0]
        if not tower:
            records["logits"] = out["logits"][0]
        if size:
            records["size"] = [size, size]
        write_run(folder, "run%d" % i, records)
    return params


@case
def google_scan(folder, random):  # class token after the positions, all blocks in one stack
    save(folder, flat(big_vision_case(folder, random, pool_type="tok", scan=True, sizes=(None, 20)), "params/"))


@case
def google_scan_deflated(folder, random):
    save(folder, flat(big_vision_case(folder, random, pool_type="gap", scan=True, rep_size=True)), compressed=True)


@case
def google_siglip(folder, random):  # the image tower of a pair, with a head
    params = big_vision_case(folder, random, pool_type="map", num_classes=7, tower=True)
    text = {"params/txt/Embed_0/embedding": np.zeros((3, 2), np.float32), "params/t": np.float32(1), "params/b": np.float32(2)}
    save(folder, {**flat(params, "params/img/"), **text})


@case
def google_bfloat16(folder, random):
    params = big_vision_case(folder, random, pool_type="map", dtype=jnp.bfloat16)
    save(folder, {k: v.astype(jnp.bfloat16) for k, v in flat(params).items()})  # raw bytes to numpy: |V2


@case
def google_old_map(folder, random):  # before MAPHead was a module, positions inside Transformer; read back by big_vision itself
    params = flat(big_vision_case(folder, random, pool_type="map", depth=1))
    older = {k.removeprefix("MAPHead_0/"): v for k, v in params.items()}
    older["Transformer/pos_embedding"] = older.pop("pos_embedding")
    again = flat(big_vit.fix_old_checkpoints(checkpoint.recover_tree(*zip(*older.items()))))
    assert again.keys() == params.keys() and all((again[k] == v).all() for k, v in params.items())
    save(folder, older)


@case
def pixels_google(folder, random):
    """tf.image.resize is resize_bilinear with half-pixel centres: what torch calls bilinear without aligned corners."""
    model = vit_jax_model(classifier="gap", hidden_size=4, num_classes=0, transformer={"num_layers": 1, "mlp_dim": 4, "num_heads": 1})
    save(folder, flat(randomise(model.init(jax.random.PRNGKey(0), jnp.zeros((1, 8, 8, 3)), train=False)["params"], random)))
    torch.manual_seed(5)
    for i, (height, width) in enumerate(PICTURES):
        image = picture(height, width)
        planes = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        made = torch.nn.functional.interpolate(planes, size=(8, 8), mode="bilinear", align_corners=False)
        write_run(folder, "run%d" % i, {"picture": image, "input": (made[0] - 127.5) / 127.5})


def main(names):
    for name, make in CASES.items():
        if names and name not in names:
            continue
        folder = os.path.join(OUT, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        make(folder, np.random.default_rng(sum(name.encode())))
        print(name, sum(e.stat().st_size for e in os.scandir(folder)))


main(sys.argv[3:])
