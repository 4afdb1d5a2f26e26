#!/usr/bin/env python3
"""Walks through every architecture of timm that is a Vision Transformer: builds it with its own heads and options at reduced
width and depth, saves it under its name alone (no model_args), and compares what it computes in float64 with what the library makes of
the file: logits, embedding, tokens, every hidden state.

    python3 tests/golden/survey_timm.py [--list docs/architectures.md] [name part ...]      (pip: torch, timm, safetensors, numpy)

Prints a line for each; --list writes the page of names. The library is found as by bindings/python."""
import json
import os
import shutil
import sys
import tempfile

import numpy as np
import timm
import torch
from safetensors.torch import save_file

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bindings/python"))
import vit  # noqa: E402

MODULES = ("vision_transformer", "deit", "eva", "beit", "vision_transformer_hybrid")
TOLERANCE = 1e-5
HEAD = """# Architectures of timm

Every architecture of timm {version}'s modules {modules},
with the tags that are published for it. "ok": built with its own heads and options at reduced width and depth, saved under its name
alone, and compared by `tests/golden/survey_timm.py`, which wrote this page: logits, embedding, tokens and hidden states in float64
within 1e-5 of the largest value (found: {worst:.1e} at most). What is refused is refused with the words given. The published weights
themselves were not run, but for `vit_tiny_patch16_224.augreg_in21k_ft_in1k` ([checkpoints.md](checkpoints.md)). Hybrids have stems
that cannot be narrowed by their name; `make_hybrid.py` makes narrow ones.

{ok} ok, {refused} refused, {others} by other tests.

| architecture | tags | how |
|---|---|---|
"""


def randomise(model):
    for name, p in model.named_parameters():
        n = torch.randn(p.shape)
        if p.ndim >= 2 and not ("token" in name or "pos" in name):
            n *= p[0].numel() ** -0.5
        elif "gamma" in name:
            n = 0.5 + 0.3 * n
        elif name.endswith("weight"):
            n = 1 + 0.3 * n
        else:
            n *= 0.5
        p.data = n
    return model.eval()


def heads_of(name):
    block = timm.create_model(name, device="meta").blocks[0]
    while not hasattr(block, "num_heads"):
        block = getattr(block, "attn", None) or block.attns[0].attn
    return block.num_heads, timm.create_model(name, device="meta").patch_embed.patch_size[0]


def save(model, name, side, folder):
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, os.path.join(folder, "model.safetensors"))
    cfg = {k: v for k, v in model.pretrained_cfg.items() if k in ("mean", "std", "crop_pct", "interpolation", "crop_mode")}
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump({"architecture": name, "num_classes": model.num_classes,
                   "pretrained_cfg": {**cfg, "input_size": [3, side, side]}}, f)


def compare(name, folder):
    heads, patch = heads_of(name)
    side = 4 * patch
    torch.manual_seed(sum(name.encode()))
    depth = {} if "sapiens2" in name else {"depth": 2}  # those have a list as long as they are deep
    model = randomise(timm.create_model(name, embed_dim=8 * heads, img_size=side, num_classes=7, **depth))
    save(model, name, side, folder)
    found = vit.Model(folder)
    x, hidden = torch.randn(1, 3, side, side), []
    model = model.double()
    for block in model.blocks:
        block.register_forward_hook(lambda m, args, out: hidden.append(out))
    with torch.no_grad():
        tokens = model.forward_features(x.double())
        wanted = [model.forward_head(tokens), model.forward_head(tokens, pre_logits=True), tokens, *hidden]
    image = x[0].numpy()
    got = [found(image), found.embed(image), found.tokens(image)] + [found.hidden(image, i + 1) for i in range(len(hidden))]
    return max(float(np.abs(np.ravel(g) - w.numpy().ravel()).max() / w.abs().max()) for g, w in zip(got, wanted))


def survey(name):
    if name.startswith(("vit_tiny_r_", "vit_small_r26", "vit_base_r26", "vit_base_r50", "vit_large_r50")):
        return "random, narrow (`make_hybrid.py`)", 0.0
    if "resnet" in name or "mci" in name:
        return "refused: a convolutional stem with batch norms", 0.0
    with tempfile.TemporaryDirectory() as folder:
        try:
            error = compare(name, folder)
        except vit.Error as problem:
            return "refused: " + str(problem).split(": ", 1)[-1], 0.0
        except Exception as problem:  # timm cannot build it so small
            return "not built: %r" % problem, 0.0
    return "ok" if error <= TOLERANCE else "WRONG: %.1e" % error, error


def main(arguments):
    page = arguments.pop(arguments.index("--list") + 1) if "--list" in arguments else None
    parts = [a for a in arguments if a != "--list"]
    names = [n for module in MODULES for n in timm.list_models(module=module) if not parts or any(p in n for p in parts)]
    tags, rows, worst = {}, [], 0.0
    for full in timm.list_pretrained():
        tags.setdefault(full.split(".")[0], []).append(full.partition(".")[2])
    for name in sorted(set(names)):
        how, error = survey(name)
        worst = max(worst, error)
        rows.append((name, how))
        print(name, how, "%.1e" % error, flush=True)
    if page:
        count = [sum(how.startswith(word) for _, how in rows) for word in ("ok", "refused")]
        with open(page, "w", encoding="utf-8") as f:
            f.write(HEAD.format(version=timm.__version__, modules=", ".join(MODULES), worst=worst, ok=count[0], refused=count[1],
                                others=len(rows) - sum(count)))
            f.writelines("| `%s` | %s | %s |\n" % (name, ", ".join(tags.get(name, [])), how) for name, how in rows)


main(sys.argv[1:])
