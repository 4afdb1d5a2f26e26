#!/usr/bin/env python3
"""Makes the hybrid cases of tests/golden/data (make_golden.py says what a case is): ViTs behind a small ResNet with group norms, by
timm and by transformers, in float64.

    python3 tests/golden/make_hybrid.py [case ...]      (pip: timm, transformers below 5, which have ViTHybrid, and torch)

Weights are numbers of half precision; the stem's kernels take few values, so that the deflated files stay small.
"""
import functools
import os
import shutil
import sys

import numpy as np
import torch

from make_golden import OUT, pixels, randomise, run_timm, write_run

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def hybrid_weights(model):
    randomise(model, torch.float16)
    for name, p in model.named_parameters():
        if "backbone" in name and p.ndim == 4:
            p.data = torch.randint(-1, 2, p.shape).float() / 4
    return model


def save_npz(folder, model):
    tensors = {k: v.to(torch.float16).numpy() for k, v in model.state_dict().items()}
    np.savez_compressed(os.path.join(folder, "model.npz"), **tensors)


# ---- timm -----------------------------------------------------------------------------------------------------------------

def timm_hybrid(folder, arch, layers, sizes, **args):
    from timm.layers import StdConv2dSame
    from timm.models._hub import save_config_for_hf
    from timm.models.resnetv2 import ResNetV2, create_resnetv2_stem
    from timm.models.vision_transformer_hybrid import _create_vision_transformer_hybrid
    convolution = functools.partial(StdConv2dSame, eps=1e-8)  # as in timm's _resnetv2, but narrow
    if layers:
        backbone = ResNetV2(layers=layers, channels=(128, 256), stem_chs=32, num_classes=0, global_pool="", preact=False,
                            stem_type="same", conv_layer=convolution)
    else:
        backbone = create_resnetv2_stem(3, 32, stem_type="same", preact=False, conv_layer=convolution)
    model_args = {"num_heads": 2, "img_size": sizes[0], **args}
    model = _create_vision_transformer_hybrid(arch, backbone=backbone, embed_dim=12, depth=2, mlp_ratio=1.5, num_classes=5,
                                              **model_args)
    hybrid_weights(model)
    save_npz(folder, model)
    save_config_for_hf(model, os.path.join(folder, "config.json"), model_args={**model_args, "num_classes": 5})
    for i, size in enumerate(sizes):
        model.set_input_size((size, size))
        records = run_timm(model.float(), pixels(3, size, size))
        if i:
            records["size"] = [size, size]
        write_run(folder, "run%d" % i, records)


@case
def timm_hybrid_units(folder):  # 5 x 5 pixels of the feature map; of 25 pixels, an odd size all the way down, 7 x 7
    timm_hybrid(folder, "vit_base_r50_s16_224", (2,), (20, 25))


@case
def timm_hybrid_stages(folder):
    timm_hybrid(folder, "vit_small_r26_s32_224", (1, 1), (20,))


@case
def timm_hybrid_root(folder):  # R+Ti/16: no units, patches of the feature map
    timm_hybrid(folder, "vit_tiny_r_s16_p8_224", (), (16, 24), patch_size=2)


# ---- transformers ---------------------------------------------------------------------------------------------------------

@case
def hf_hybrid(folder):
    from transformers.models.deprecated.vit_hybrid import ViTHybridConfig, ViTHybridForImageClassification
    backbone = {"global_padding": "same", "layer_type": "bottleneck", "depths": [2, 1], "out_features": ["stage2"],
                "embedding_dynamic_padding": True, "embedding_size": 8, "hidden_sizes": [32, 64], "num_groups": 4}
    config = ViTHybridConfig(backbone_config=backbone, hidden_size=12, num_hidden_layers=2, num_attention_heads=2,
                             intermediate_size=20, image_size=19, backbone_featmap_shape=[1, 64, 3, 3], num_labels=4)
    model = hybrid_weights(ViTHybridForImageClassification(config))
    model.save_pretrained(folder)
    os.remove(os.path.join(folder, "model.safetensors"))
    save_npz(folder, model)
    model = model.double()
    x = pixels(3, 19, 19)
    with torch.no_grad():
        result = model(x.double(), output_hidden_states=True)
        tokens = model.vit(x.double()).last_hidden_state
    write_run(folder, "run0", {"pixels": x[0], "embedding": tokens[0, 0], "tokens": tokens[0], "logits": result.logits[0],
                               "hidden": torch.stack(result.hidden_states)[:, 0]})


def main(names):
    for name, make in CASES.items():
        if names and name not in names:
            continue
        folder = os.path.join(OUT, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        torch.manual_seed(sum(name.encode()))
        make(folder)
        print(name, sum(e.stat().st_size for e in os.scandir(folder)))


main(sys.argv[1:])
