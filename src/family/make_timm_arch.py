#!/usr/bin/env python3
"""Writes timm_arch.c: what timm knows of a plain ViT by its architecture's name alone.

    make_timm_arch.py timm_arch.tsv timm_pretrained.tsv > timm_arch.c

timm_arch.tsv has one architecture a row with the constructor arguments that differ from the class's defaults, timm_pretrained.tsv
one pretrained tag a row with its preprocessing; both were taken from timm's source. Architectures that are no plain pre-norm ViT
are left out: their tensors give them away. The exception are blocks with the norm after the residual branch, which look the same.
"""
import collections
import sys

FILES = ("vision_transformer.py", "deit.py")
OTHER_MODEL = ("ParallelScalingBlock", "ParallelThingsBlock", "attn_layer", "mlp_layer", "embed_norm", "RmsNorm", "rmsnorm",
               "qk_norm", "proj_bias", "scale_attn", "'map'", "pool_include_prefix")
ACTIVATIONS = {"": "VIT_ACT_GELU", "'gelu_tanh'": "VIT_ACT_GELU_TANH", "'quick_gelu'": "VIT_ACT_QUICK_GELU"}
STATS = {"0.5": "HALF", "imagenet": "IMAGENET", "clip": "CLIP", "0": "UNIT"}
HEAD = '''\
/* timm_arch.c: written by make_timm_arch.py, do not edit. What neither the tensors nor a config.json of timm say: heads,
 * activation, epsilon, pooling and position layout by architecture, and its most usual preprocessing. Sorted by name. */
#include "family/timm_arch.h"

#include <string.h>

static const vi_timm_arch architectures[] = {
'''
TAIL = '''};

const vi_timm_arch *vi_timm_arch_find(const char *name) {
    size_t length = strcspn(name, "."); /* "vit_tiny_patch16_224.augreg_in21k": a tag follows the architecture */
    size_t low = 0, high = sizeof architectures / sizeof *architectures;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const vi_timm_arch *row = &architectures[middle];
        int order = strncmp(name, row->name, length);
        if (order == 0 && row->name[length] != '\\0') order = -1;
        if (order == 0) return row;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}
'''


def rows(path):
    with open(path, encoding="utf-8") as f:
        lines = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    for line in lines[1:]:
        yield dict(zip(lines[0], line + [""] * (len(lines[0]) - len(line))))


def arguments(text):
    return dict(part.strip().split("=", 1) for part in text.split(";") if part.strip())


def preprocessing(path):
    """architecture -> most frequent (stats, crop, mode, filter) over its tags, the first one of equals."""
    seen = collections.defaultdict(collections.Counter)
    for row in rows(path):
        if row["mean"] in STATS:
            seen[row["tag"].split(".")[0]][row["mean"], float(row["crop_pct"]), row["crop_mode"], row["interpolation"]] += 1
    return {arch: counts.most_common(1)[0][0] for arch, counts in seen.items()}


def flags(name, args, mode, interpolation):
    found = [("VI_ARCH_EPS5", "eps=1e-05" in args.get("norm_layer", "")),
             ("VI_ARCH_MEAN", args.get("global_pool") == "'avg'"),
             ("VI_ARCH_BARE", args.get("no_embed_class") == "True"),
             ("VI_ARCH_SQUASH", mode == "squash"),
             ("VI_ARCH_BILINEAR", interpolation == "bilinear"),
             ("VI_ARCH_BILINEAR_POSITIONS", name.startswith("flexivit")),
             ("VI_ARCH_POST_NORM", "ResPostBlock" in args.get("block_fn", ""))]
    return " | ".join(flag for flag, on in found if on) or "0"


def main(arch_path, pretrained_path):
    usual = preprocessing(pretrained_path)
    print(HEAD, end="")
    for row in sorted(rows(arch_path), key=lambda r: r["arch"].encode()):
        if row["file"] not in FILES or "distilled" in row["arch"] or any(word in row["other_args"] for word in OTHER_MODEL):
            continue
        args = arguments(row["other_args"])
        stats, crop, mode, interpolation = usual.get(row["arch"], ("0.5", 0.9, "", "bicubic"))
        fields = (row["arch"], int(row["num_heads"] or 12), ACTIVATIONS[args.get("act_layer", "")],
                  flags(row["arch"], args, mode, interpolation), STATS[stats], round(crop * 1000))
        print('    {"%s", %d, %s, %s, VI_STATS_%s, %d},' % fields)
    print(TAIL, end="")


main(*sys.argv[1:])
