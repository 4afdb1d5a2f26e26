#!/usr/bin/env python3
"""Writes timm_arch.c: what timm knows of a ViT by its architecture's name alone.

    make_timm_arch.py timm_arch.tsv timm_pretrained.tsv > timm_arch.c

timm_arch.tsv has one architecture a row with the constructor arguments that differ from the class's defaults, timm_pretrained.tsv
one pretrained tag a row with its preprocessing; both were taken from timm's source. Architectures that the library cannot run
are left out where their tensors give them away, and flagged VI_ARCH_OTHER where these look the same.
"""
import collections
import os
import sys
import textwrap

FILES = ("vision_transformer.py", "deit.py", "eva.py", "vision_transformer_hybrid.py")
OTHER_TENSORS = ("attn_layer", "DiffParallelScalingBlock")
OTHER_MODEL = ("rope_mrope", "num_kv_heads")
ACTIVATIONS = {"": "GELU", "'gelu_tanh'": "GELU_TANH", "'quick_gelu'": "QUICK_GELU", "nn.SiLU": "SILU", "'silu'": "SILU"}
STATS = {"0.5": "HALF", "imagenet": "IMAGENET", "clip": "CLIP", "0": "UNIT"}
# Architectures of timm 1.0.31 that the files do not have yet: name, heads, SwiGLU, of one kind each.
RADIO = (("base", 12), ("large", 16), ("huge", 16), ("giant", 24))
RADIO = [("vit_%s_patch16_radio_v3" % size, heads) for size, heads in RADIO] + [
    ("vit_so400m_patch16_radio_v4", 16), ("vit_huge_patch16_radio_v4", 16)]
LINGBOT = (("small", 6, ""), ("base", 12, ""), ("large", 16, ""), ("giant", 24, "swiglu_mlp=True; "))
LATER = [({"file": "vision_transformer.py", "arch": name, "num_heads": heads, "other_args": "no_embed_class=True", "backbone": ""},
          ("clip", 1.0, "center", "bicubic")) for name, heads in RADIO] + [
         ({"file": "eva.py", "arch": "vit_%s_patch16_lingbot" % size, "num_heads": heads, "backbone": "",
           "other_args": more + "global_pool='token'; rope_type='dinov3'; rope_temperature=100; rope_rotate_half=True; "
           "use_rot_pos_emb=True; norm_layer=partial(LayerNorm, eps=1e-05)"}, ("imagenet", 1.0, "squash", "bilinear"))
         for size, heads, more in LINGBOT]
HEAD = '''\
/* timm_arch.c: written by make_timm_arch.py, do not edit. What neither the tensors nor a config.json of timm say: heads,
 * activation, epsilon, pooling and position layout by architecture, and its most usual preprocessing. Sorted by name. */
#include "family/timm_arch.h"

#include <string.h>

#define LONGEST %d /* of the names */

static const vi_timm_arch kinds[] = {
'''
NAMES = '''\
};

/* Each name as: how many bytes it shares with the one before it; its other bytes, the last with its high bit set; its kind. */
static const unsigned char names[] =
'''
TAIL = '''
const vi_timm_arch *vi_timm_arch_find(const char *name) {
    size_t length = strcspn(name, "."); /* "vit_tiny_patch16_224.augreg_in21k": a tag follows the architecture */
    char known[LONGEST];
    for (const unsigned char *p = names, *end = names + sizeof names - 1; p < end;) {
        size_t n = *p++;
        while (*p < 0x80) known[n++] = (char)*p++;
        known[n++] = (char)(*p++ & 0x7F);
        unsigned kind = *p++;
        if (n == length && memcmp(name, known, n) == 0) return &kinds[kind];
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


def rope(args):
    """Which of the kinds of rotary positions that the library has; None: another kind."""
    if args.get("use_rot_pos_emb") != "True":
        return ""
    if args.get("rope_type") == "'dinov3'" and args.get("rope_rotate_half") == "True" and args.get("rope_temperature") == "100":
        return "VI_ARCH_HALVES"
    if args.get("rope_type") == "'mixed'":
        return "VI_ARCH_MIXED" if args.get("rope_grid_indexing") == "'xy'" else None
    return "VI_ARCH_PAIRS" if "rope_type" not in args else None


def flags(row, args, mode, interpolation):
    if any(word in row["other_args"] for word in OTHER_MODEL) or rope(args) is None:
        return "VI_ARCH_OTHER"
    found = [("VI_ARCH_EPS5", "eps=1e-05" in args.get("norm_layer", "")),
             ("VI_ARCH_MEAN", args.get("global_pool", "'avg'" if row["file"] == "eva.py" else "") == "'avg'"),
             ("VI_ARCH_BARE", args.get("no_embed_class") == "True"),
             ("VI_ARCH_SQUASH", mode == "squash"),
             ("VI_ARCH_BILINEAR", interpolation == "bilinear"),
             ("VI_ARCH_BILINEAR_POSITIONS", row["arch"].startswith("flexivit")),
             (rope(args), rope(args)),
             ("VI_ARCH_COLUMNS", args.get("rope_grid_indexing") == "'xy'"),
             ("VI_ARCH_FROM_ONE", args.get("rope_grid_offset") == "1.0"),
             ("VI_ARCH_THETA_100", args.get("rope_temperature") == "100.0"),
             ("VI_ARCH_POST", args.get("block_fn") == "ResPostBlock" or args.get("use_post_norm") == "True"),
             ("VI_ARCH_POOL_PREFIX", args.get("pool_include_prefix") == "True" or
              row["file"] == "eva.py" and args.get("global_pool") == "'map'"),
             ("VI_ARCH_MAP_HEADS_8", args.get("attn_pool_num_heads") == "8")]
    return " | ".join(flag for flag, on in found if on) or "0"


def main(arch_path, pretrained_path):
    usual = {**preprocessing(pretrained_path), **{row["arch"]: pixels for row, pixels in LATER}}
    kinds = {}
    for row in sorted([*rows(arch_path), *(row for row, pixels in LATER)], key=lambda r: r["arch"].encode()):
        if row["file"] not in FILES or any(word in row["other_args"] for word in OTHER_TENSORS):
            continue
        if "hybrid" in row["file"] and "_resnetv2" not in row["backbone"]:
            continue
        args = arguments(row["other_args"])
        stats, crop, mode, interpolation = usual.get(row["arch"], ("0.5", 0.9, "", "bicubic"))
        activation = "SILU" if args.get("swiglu_mlp") == "True" else ACTIVATIONS[args.get("act_layer", "")]
        grid = args.get("ref_feat_shape", "(0, 0)").strip("()").split(", ")
        assert grid[0] == grid[1]
        kind = "{%d, VIT_ACT_%s, %d, VI_STATS_%s, %d, %s}" % (int(row["num_heads"] or 12), activation, int(grid[0]), STATS[stats],
                                                            round(crop * 1000), flags(row, args, mode, interpolation))
        kinds.setdefault(kind, []).append(row["arch"])
    numbers = {name: number for number, members in enumerate(kinds.values()) for name in members}
    assert len(kinds) < 256
    print(HEAD % (max(map(len, numbers)) + 1), end="")
    for number, kind in enumerate(kinds):
        print(textwrap.fill("/* %d */ %s," % (number, kind), 130, initial_indent="    ", subsequent_indent="     "))
    print(NAMES, end="")
    before, lines = "", []
    for name in sorted(numbers):
        shared = len(os.path.commonprefix([before, name[:-1]]))
        last = ord(name[-1]) | 0x80
        lines.append('    "\\%03o" "%s\\%03o\\%03o" /* %s */' % (shared, name[shared:-1], last, numbers[name], name))
        before = name
    print("\n".join(lines) + ";")
    print(TAIL, end="")


main(*sys.argv[1:])
