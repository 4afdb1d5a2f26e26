#!/usr/bin/env python3
"""Makes tests/golden/data/pair_*: small checkpoints of CLIP and SigLIP with both towers and random weights, written by transformers,
OpenAI's clip and open_clip themselves, and what they compute in float64 (clip: float32). test_pairs.c compares.

    python3 tests/golden/make_pairs.py [case ...]      (pip: as make_golden.py, open_clip_torch, clip-anytorch, setuptools<81)

Folders and run files are those of make_golden.py. Records, B pictures, N texts:
  pixels [B, C, H, W], ids [N, L]
  pictures [B, E], texts [N, E]   embeddings before they are normalised
  logits [B, N]                   logits_per_image
Where there is a texts.txt, its lines are the texts of the ids.
"""
import gzip
import json
import os
import shutil
import sys
import zipfile

import timm
import torch
from safetensors.torch import save_file

from make_golden import OUT, randomise, stored, write_run

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def run_pair(folder, x, ids, pictures, texts, logits):
    write_run(folder, "run0", {"pixels": x, "ids": ids, "pictures": pictures, "texts": texts, "logits": logits})


# ---- transformers -----------------------------------------------------------------------------------------------------

VISION = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 12, "patch_size": 4,
          "intermediate_size": 20}
TEXT = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 18, "vocab_size": 40,
        "max_position_embeddings": 19}


def features(out):
    return out if isinstance(out, torch.Tensor) else out.pooler_output


def hf_pair(folder, model, ids, dtype=torch.float32):
    model = randomise(model, dtype)
    model.logit_scale.data = torch.tensor(2.5).to(dtype).float().reshape(model.logit_scale.shape)
    model.save_pretrained(folder)
    if dtype != torch.float32:
        stored(folder, dtype)
    model = model.double()
    x = torch.randn(2, 3, 12, 12)
    with torch.no_grad():
        run_pair(folder, x, ids, features(model.get_image_features(x.double())), features(model.get_text_features(ids)),
                 model(input_ids=ids, pixel_values=x.double()).logits_per_image)


def clip_ids(end, after):
    """Texts of several lengths; `after` follows the end."""
    ids = torch.randint(3, 30, (5, 19))
    for row, length in enumerate((1, 4, 17, 18, 9)):
        ids[row, length] = end
        ids[row, length + 1:] = after
    return ids


def clip(folder, dtype, ids, vision, text):
    from transformers import CLIPConfig, CLIPModel
    config = CLIPConfig(vision_config={**VISION, **vision}, text_config={**TEXT, **text}, projection_dim=6)
    hf_pair(folder, CLIPModel(config), ids, dtype)


@case
def pair_clip(folder):  # the end is found by its number, and padding has larger ones
    clip(folder, torch.float32, clip_ids(35, 38), {}, {"eos_token_id": 35, "bos_token_id": 34, "pad_token_id": 38})


@case
def pair_clip_legacy(folder):  # eos_token_id 2: the end is the largest number
    clip(folder, torch.float16, clip_ids(39, 0), {"hidden_act": "gelu"}, {"eos_token_id": 2, "hidden_act": "gelu"})


@case
def pair_siglip(folder):
    from transformers import SiglipConfig, SiglipModel
    config = SiglipConfig(vision_config=VISION, text_config={**TEXT, "projection_size": 12})
    model = SiglipModel(config)
    hf_pair(folder, model, torch.randint(0, 40, (5, 19)))


@case
def pair_siglip_bf16(folder):
    from transformers import SiglipConfig, SiglipModel
    config = SiglipConfig(vision_config={**VISION, "num_attention_heads": 3}, text_config={**TEXT, "hidden_size": 12})
    hf_pair(folder, SiglipModel(config), torch.randint(0, 40, (3, 19)), torch.bfloat16)


# ---- strings ----------------------------------------------------------------------------------------------------------

TEXTS = ("a photo of a cat", "A photo of the DOG.", "", "caf\u00e9 \u732b \U0001f431 don't 42 &amp; <b>",
         "one text that is far too long for nineteen places and must therefore be cut behind the last one that fits")
MERGES = ("t h", "th e</w>", "c a", "ca t</w>", "d o", "do g</w>", "o f</w>", "p h", "o t", "ph ot", "phot o</w>", "a n",
          "i s</w>", "e r", "o n")


def byte_characters():
    """GPT-2's characters of the 256 bytes, in the order of CLIP's vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in shown]
    return [chr(b) for b in shown] + [chr(256 + i) for i in range(len(hidden))]


@case
def pair_clip_strings(folder):
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
    letters = byte_characters()
    words = [*letters, *(c + "</w>" for c in letters), *("".join(m.split()) for m in MERGES), "<|startoftext|>", "<|endoftext|>"]
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as f:
        json.dump({w: i for i, w in enumerate(words)}, f, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(["#version: 0.2", *MERGES, ""]))
    write_texts(folder)
    tokenizer = CLIPTokenizer(vocab={w: i for i, w in enumerate(words)}, merges=[tuple(m.split()) for m in MERGES])
    ids = tokenizer(list(TEXTS), padding="max_length", truncation=True, max_length=19, return_tensors="pt").input_ids
    text = {"vocab_size": len(words), "eos_token_id": len(words) - 1, "bos_token_id": len(words) - 2, "pad_token_id": 0}
    config = CLIPConfig(vision_config=VISION, text_config={**TEXT, **text}, projection_dim=6)
    hf_pair(folder, CLIPModel(config), ids, torch.float16)


# ---- OpenAI and open_clip ---------------------------------------------------------------------------------------------

def run_clip(folder, model, ids, dtype=torch.float64):
    model = model.to(dtype)
    x = torch.randn(2, 3, 12, 12)
    with torch.no_grad():
        pictures, texts = model.encode_image(x.to(dtype)), model.encode_text(ids)
        logits = torch.nn.functional.normalize(pictures) @ torch.nn.functional.normalize(texts).T * model.logit_scale.exp()
        if getattr(model, "logit_bias", None) is not None:
            logits = logits + model.logit_bias
    run_pair(folder, x, ids, pictures, texts, logits)


def largest_last(model, dtype=torch.float32):
    randomise(model, dtype)
    model.logit_scale.data = torch.tensor(2.5).to(dtype).float()
    return model


def openai_clip():
    """clip.model.CLIP with one head where it would have width // 64 = 0 of them."""
    import clip.model
    tower = clip.model.VisionTransformer
    clip.model.VisionTransformer = lambda heads, **args: tower(heads=1, **args)
    clip.model.CLIP.dtype = property(lambda self: self.visual.conv1.weight.dtype)
    model = clip.model.CLIP(6, 12, 2, 16, 4, 19, 40, 12, 1, 2)
    clip.model.VisionTransformer = tower
    return largest_last(model, torch.float16)


@case
def pair_openai(folder):  # a TorchScript archive of float16 weights, as published
    model, ids = openai_clip(), clip_ids(39, 0)
    for name, value in (("input_resolution", 12), ("context_length", 19), ("vocab_size", 40)):
        delattr(model, name) if hasattr(model, name) else None
        model.register_buffer(name, torch.tensor(value))
    traced = torch.jit.trace(model, (torch.randn(1, 3, 12, 12), ids[:1]), check_trace=False)
    for p in traced.parameters():
        p.data = p.data.half()
    traced.save(os.path.join(folder, "all.pt"))
    with zipfile.ZipFile(os.path.join(folder, "all.pt")) as old, zipfile.ZipFile(os.path.join(folder, "ViT.pt"), "w") as new:
        for entry in old.namelist():  # without the notes for a debugger, 80 kB
            if not entry.endswith(".debug_pkl"):
                new.writestr(entry, old.read(entry))
    os.remove(os.path.join(folder, "all.pt"))
    run_clip(folder, model, ids, torch.float32)  # its LayerNorm knows no float64


@case
def pair_openai_bare(folder):  # the weights alone: what no tensor shows is assumed
    model = openai_clip()
    torch.save({k: v.half() for k, v in model.state_dict().items()}, os.path.join(folder, "pytorch_model.bin"))
    run_clip(folder, model, clip_ids(39, 0), torch.float32)


PIXELS = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}


def open_clip_pair(folder, config, ids, preprocess=PIXELS, trunk=None, container="open_clip_model.safetensors", prefix="",
                   dtype=torch.float32):
    """trunk: arguments that make timm's tower small."""
    import open_clip.timm_model
    from open_clip.model import CLIP, CustomTextCLIP
    create = timm.create_model
    if trunk:
        open_clip.timm_model.timm.create_model = lambda name, **args: create(name, **{**trunk, **args})
    config = dict(config)
    cls = CustomTextCLIP if config.pop("custom_text", False) else CLIP
    model = largest_last(cls(**config), dtype)
    timm.create_model = create
    state = {prefix + k: v.to(dtype).contiguous() for k, v in model.state_dict().items()}
    if container.endswith("safetensors"):
        save_file(state, os.path.join(folder, container))
    else:
        torch.save({"epoch": 3, "name": "pair", "state_dict": state}, os.path.join(folder, container))
    with open(os.path.join(folder, "open_clip_config.json"), "w", encoding="utf-8") as f:
        json.dump({"model_cfg": config, "preprocess_cfg": preprocess}, f, indent=1)
    run_clip(folder, model.eval(), ids)


OPEN_TEXT = {"context_length": 19, "vocab_size": 40, "width": 8, "heads": 2, "layers": 2}


@case
def pair_open_clip(folder):  # heads of 8, layer scale
    vision = {"image_size": 12, "layers": 2, "width": 16, "head_width": 8, "patch_size": 4, "ls_init_value": 0.1}
    open_clip_pair(folder, {"embed_dim": 6, "vision_cfg": vision, "text_cfg": OPEN_TEXT}, clip_ids(39, 0))


@case
def pair_open_clip_quick(folder):  # out of a training run; mean pooling, no norm before the blocks
    vision = {"image_size": 12, "layers": 1, "width": 16, "head_width": 16, "patch_size": 4, "pool_type": "avg", "no_ln_pre": True}
    open_clip_pair(folder, {"embed_dim": 6, "quick_gelu": True, "vision_cfg": vision, "text_cfg": OPEN_TEXT}, clip_ids(39, 0),
                   container="open_clip_pytorch_model.bin", prefix="module.")


@case
def pair_open_clip_siglip(folder):  # timm's tower with attention pooling; no mask, last token, projection with a bias
    vision = {"image_size": 12, "timm_model_name": "vit_base_patch16_siglip_224", "timm_pool": "map", "timm_proj": "none"}
    text = {**OPEN_TEXT, "no_causal_mask": True, "proj_bias": True, "pool_type": "last", "norm_kwargs": {"eps": 1e-6},
            "act_kwargs": {"approximate": "tanh"}, "tokenizer_kwargs": {"clean": "canonicalize"}}
    half = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    open_clip_pair(folder, {"embed_dim": 24, "init_logit_bias": -10, "custom_text": True, "vision_cfg": vision, "text_cfg": text},
                   torch.randint(0, 40, (4, 19)), half, {"embed_dim": 24, "depth": 1, "patch_size": 4, "img_size": 12, "mlp_ratio": 1})


@case
def pair_open_clip_eva(folder):  # the trunk's own head is the projection
    vision = {"image_size": 12, "timm_model_name": "eva02_base_patch16_clip_224", "timm_pool": "token", "timm_proj": None}
    open_clip_pair(folder, {"embed_dim": 6, "custom_text": True, "vision_cfg": vision, "text_cfg": OPEN_TEXT}, clip_ids(39, 0),
                   trunk={"embed_dim": 48, "depth": 1, "patch_size": 4, "img_size": 12, "mlp_ratio": 0.5}, dtype=torch.float16)


@case
def pair_open_clip_linear(folder):  # mean of the trunk's tokens, projected; the text's end by its number
    vision = {"image_size": 12, "timm_model_name": "vit_medium_patch16_gap_256", "timm_pool": "avg", "timm_proj": "linear"}
    text = {**OPEN_TEXT, "pool_type": "eos", "eos_id": 35}
    open_clip_pair(folder, {"embed_dim": 6, "custom_text": True, "vision_cfg": vision, "text_cfg": text}, clip_ids(35, 38),
                   trunk={"embed_dim": 16, "depth": 1, "patch_size": 4, "img_size": 12, "mlp_ratio": 1})


# ---- strings of the others --------------------------------------------------------------------------------------------

def write_texts(folder):
    with open(os.path.join(folder, "texts.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join([*TEXTS, ""]))


@case
def pair_open_clip_strings(folder):  # its own tokenizer, on a short list of merges
    from open_clip.tokenizer import SimpleTokenizer
    path = os.path.join(folder, "bpe_simple_vocab_16e6.txt.gz")
    with gzip.GzipFile(path, "wb", mtime=0) as f:
        f.write("\n".join(['"bpe_simple_vocab_16e6.txt#version: 0.2', *MERGES]).encode())  # a last, empty line would be a merge
    tokenizer = SimpleTokenizer(path, context_length=19)
    write_texts(folder)
    vision = {"image_size": 12, "layers": 1, "width": 12, "head_width": 6, "patch_size": 4}
    text = {**OPEN_TEXT, "vocab_size": tokenizer.vocab_size}
    open_clip_pair(folder, {"embed_dim": 6, "vision_cfg": vision, "text_cfg": text}, tokenizer(list(TEXTS)), dtype=torch.float16)


@case
def pair_siglip_strings(folder):
    from transformers import SiglipConfig, SiglipModel, SiglipTokenizer
    shutil.copy("tests/text/data/spiece.model", folder)
    tokenizer = SiglipTokenizer(os.path.join(folder, "spiece.model"))
    write_texts(folder)
    ids = tokenizer(list(TEXTS), padding="max_length", truncation=True, max_length=19, return_tensors="pt").input_ids
    text = {**TEXT, "projection_size": 12, "vocab_size": tokenizer.sp_model.get_piece_size()}
    hf_pair(folder, SiglipModel(SiglipConfig(vision_config=VISION, text_config=text)), ids, torch.float16)


def main():
    for name in sys.argv[1:] or CASES:
        folder = os.path.join(OUT, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        torch.manual_seed(sum(name.encode()))
        CASES[name](folder)
        print(name)


if __name__ == "__main__":
    main()
