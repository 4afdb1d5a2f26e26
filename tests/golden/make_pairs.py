#!/usr/bin/env python3
"""Makes tests/golden/data/pair_*: small checkpoints of CLIP and SigLIP with both towers and random weights, written by transformers
themselves, and what they compute in float64. test_pairs.c compares.

    python3 tests/golden/make_pairs.py [case ...]      (pip: as make_golden.py)

Folders and run files are those of make_golden.py. Records, B pictures, N texts:
  pixels [B, C, H, W], ids [N, L]
  pictures [B, E], texts [N, E]   embeddings before they are normalised
  logits [B, N]                   logits_per_image
Where there is a texts.txt, its lines are the texts of the ids.
"""
import json
import os
import shutil
import sys

import torch

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
    with open(os.path.join(folder, "texts.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join([*TEXTS, ""]))
    tokenizer = CLIPTokenizer(vocab={w: i for i, w in enumerate(words)}, merges=[tuple(m.split()) for m in MERGES])
    ids = tokenizer(list(TEXTS), padding="max_length", truncation=True, max_length=19, return_tensors="pt").input_ids
    text = {"vocab_size": len(words), "eos_token_id": len(words) - 1, "bos_token_id": len(words) - 2, "pad_token_id": 0}
    config = CLIPConfig(vision_config=VISION, text_config={**TEXT, **text}, projection_dim=6)
    hf_pair(folder, CLIPModel(config), ids, torch.float16)


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
