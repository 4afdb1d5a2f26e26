#!/usr/bin/env python3
"""Makes tests/golden/data: small checkpoints with random weights, written by timm and transformers themselves, and what these
compute from random pixels in float64. test_golden.c compares.

    python3 tests/golden/make_golden.py [case ...]      (pip: torch, timm, transformers, safetensors, pillow)

Cases of Facebook's own code need checkouts of facebookresearch/dinov2 and dinov3, named by $DINOV2 and $DINOV3.

A case is a folder with model.safetensors, mostly config.json, and one or more run files. A run file is the 8 bytes "VITGOLD1" and
records: name (16 bytes, NUL-padded), rank and 4 dimensions (u32), then float32 values; all little-endian. Records:
  size [2]               width and height of the input, when they are not the trained ones
  pixels [C, H, W]       the input
  logits [K], embedding [D], tokens [T, D], hidden [depth + 1, T, D]
  picture [h, w, 3], input [C, H, W]   bytes of a picture and what the official preprocessing makes of it
"""
import functools
import json
import os
import shutil
import struct
import sys

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from timm.models._hub import save_for_hf
from transformers import DeiTImageProcessor, ViTConfig, ViTForImageClassification, ViTImageProcessor, ViTModel

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


# ---- files ------------------------------------------------------------------------------------------------------------

def write_run(folder, run, records):
    with open(os.path.join(folder, run + ".bin"), "wb") as f:
        f.write(b"VITGOLD1")
        for name, value in records.items():
            value = np.ascontiguousarray(np.asarray(value, dtype="<f4"))
            f.write(struct.pack("<16s5I", name.encode(), value.ndim, *(list(value.shape) + [0] * (4 - value.ndim))))
            f.write(value.tobytes())


def edit_json(path, change):
    with open(path, encoding="utf-8") as f:
        config = json.load(f)
    change(config)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f, indent=1)
        f.write("\n")


def stored(folder, dtype):
    """Rewrites the file in a smaller type."""
    path = os.path.join(folder, "model.safetensors")
    save_file({k: v.to(dtype).contiguous() for k, v in load_file(path).items()}, path, metadata={"format": "pt"})


# ---- models -----------------------------------------------------------------------------------------------------------

def randomise(model, dtype=torch.float32):
    """Weights that make every part of the model count, exactly representable in dtype."""
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
        p.data = n.to(dtype).float()
    return model.eval()


def pixels(channels, height, width):
    return torch.randn(1, channels, height, width)


def run_timm(model, x):
    """float64 results; hidden[0] is what enters the first block."""
    model = model.double()
    hidden = []
    hooks = [model.blocks[0].register_forward_pre_hook(lambda m, args: hidden.append(args[0][0]))]
    hooks += [block.register_forward_hook(lambda m, args, out: hidden.append(out[0])) for block in model.blocks]
    with torch.no_grad():
        tokens = model.forward_features(x.double())
        embedding = model.forward_head(tokens, pre_logits=True)
        logits = model.forward_head(tokens)
    for hook in hooks:
        hook.remove()
    records = {"pixels": x[0], "embedding": embedding[0], "tokens": tokens[0], "hidden": torch.stack(hidden)}
    if model.num_classes > 0:
        records["logits"] = logits[0]
    return records


def timm_case(folder, arch="vit_tiny_patch16_224", dtype=torch.float32, sizes=(None,), channels=3, **args):
    args = {"img_size": 16, "patch_size": 4, "embed_dim": 12, "depth": 2, "num_heads": 2, "mlp_ratio": 1.5, "num_classes": 5,
            **args}
    model = randomise(timm.create_model(arch, in_chans=channels, **args), dtype)
    getattr(model, "_model_args", {}).pop("mlp_layer", None)  # a class has no place in JSON; the tensors show it
    save_for_hf(model, folder, safe_serialization=True)
    if dtype != torch.float32:
        stored(folder, dtype)
    for i, size in enumerate(sizes):
        height, width = size or model.patch_embed.img_size
        records = run_timm(model, pixels(channels, height, width))
        if size:
            records["size"] = [width, height]
        write_run(folder, "run%d" % i, records)
    return model


def hf_case(folder, cls, sizes=(None,), dtype=torch.float32, **args):
    args = {"hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 20, "image_size": 16,
            "patch_size": 4, **args}
    config = ViTConfig(**args)
    model = randomise(cls(config), dtype)
    model.save_pretrained(folder)
    if dtype != torch.float32:
        stored(folder, dtype)
    model = model.double()
    base = model.vit if hasattr(model, "vit") else model
    for i, size in enumerate(sizes):
        height, width = size or ((config.image_size,) * 2 if isinstance(config.image_size, int) else config.image_size)
        x = pixels(config.num_channels, height, width)
        with torch.no_grad():
            hidden = model(x.double(), interpolate_pos_encoding=size is not None, output_hidden_states=True).hidden_states
            tokens = base(x.double(), interpolate_pos_encoding=size is not None).last_hidden_state
        records = {"pixels": x[0], "embedding": tokens[0, 0], "tokens": tokens[0], "hidden": torch.stack(hidden)[:, 0]}
        if hasattr(model, "classifier"):
            with torch.no_grad():
                records["logits"] = model.classifier(tokens[:, 0])[0]
        if size:
            records["size"] = [width, height]
        write_run(folder, "run%d" % i, records)
    return model


# ---- timm -------------------------------------------------------------------------------------------------------------

@case
def timm_plain(folder):
    timm_case(folder)


@case
def timm_rectangle(folder):  # grid 3 x 5 of patches 3 x 5 pixels (height x width), head dim 3
    timm_case(folder, img_size=(9, 25), patch_size=(3, 5), num_heads=4)


@case
def timm_registers5_bare(folder):
    timm_case(folder, img_size=21, patch_size=7, reg_tokens=5, no_embed_class=True, init_values=1e-5)


@case
def timm_register1_covered(folder):
    timm_case(folder, reg_tokens=1, qkv_bias=False, depth=3, embed_dim=12, num_heads=1)


@case
def timm_gap(folder):  # no class token, norm after pooling
    timm_case(folder, class_token=False, global_pool="avg", reg_tokens=1, num_heads=4)


@case
def timm_gap_norm(folder):  # no class token, norm before pooling
    timm_case(folder, class_token=False, global_pool="avg", fc_norm=False)


@case
def timm_class_token_avg(folder):  # MAE fine-tuning
    timm_case(folder, global_pool="avg")


@case
def timm_token_fc_norm(folder):
    timm_case(folder, fc_norm=True)


@case
def timm_clip(folder):  # pre-norm, no patch bias, epsilon 1e-5 and quick GELU from the architecture
    timm_case(folder, "vit_base_patch32_clip_quickgelu_224", no_embed_class=True)


@case
def timm_relu_no_norm(folder):
    timm_case(folder, act_layer="relu", final_norm=False)


@case
def timm_tanh_headless(folder):  # head dim 20
    timm_case(folder, act_layer="gelu_tanh", num_classes=0, embed_dim=40, num_heads=2, mlp_ratio=0.5, depth=1, img_size=12)


@case
def timm_silu_grey(folder):
    timm_case(folder, act_layer="silu", channels=1, num_heads=1, mlp_ratio=1)


@case
def timm_wide_f16(folder):
    timm_case(folder, dtype=torch.float16, embed_dim=48, num_heads=3, depth=1, mlp_ratio=0.5)


@case
def timm_bf16(folder):
    timm_case(folder, dtype=torch.bfloat16)


@case
def timm_dynamic(folder):  # larger, smaller, another shape
    timm_case(folder, dynamic_img_size=True, sizes=(None, (20, 28), (8, 12), (32, 4)))


@case
def timm_dynamic_bare(folder):
    timm_case(folder, dynamic_img_size=True, reg_tokens=2, no_embed_class=True, img_size=(12, 20), sizes=((16, 16),))


@case
def timm_dynamic_bilinear(folder):  # what timm does to positions of a FlexiViT: resampled when loaded
    model = timm_case(folder)
    os.remove(os.path.join(folder, "run0.bin"))
    from timm.models.vision_transformer import checkpoint_filter_fn
    larger = timm.create_model("vit_tiny_patch16_224", **{**model._model_args, "img_size": (24, 12)})
    state = {k: v.float() for k, v in model.state_dict().items()}
    state = checkpoint_filter_fn(state, larger, interpolation="bilinear", antialias=False)
    larger.load_state_dict(state)
    records = run_timm(larger.eval(), pixels(3, 24, 12))
    records["size"] = [12, 24]
    write_run(folder, "run0", records)


@case
def timm_flat_config(folder):  # as written before pretrained_cfg and model_args existed: heads by architecture
    timm_case(folder, num_heads=3)

    def change(config):
        cfg = config.pop("pretrained_cfg")
        config.pop("model_args")
        config.update({**cfg, "input_size": [3, 16, 16], "labels": ["a", "b", "c", "d", "é"]})
    edit_json(os.path.join(folder, "config.json"), change)


@case
def timm_no_config(folder):  # heads given as an option
    timm_case(folder, num_heads=3)
    os.remove(os.path.join(folder, "config.json"))


@case
def timm_module_prefix(folder):
    timm_case(folder)
    path = os.path.join(folder, "model.safetensors")
    save_file({"module." + k: v for k, v in load_file(path).items()}, path)


@case
def timm_wrapper(folder):  # transformers' TimmWrapper: prefix timm_model.
    from transformers import TimmWrapperConfig, TimmWrapperForImageClassification
    args = {"img_size": 16, "patch_size": 4, "embed_dim": 12, "depth": 1, "num_heads": 2, "mlp_ratio": 1.5}
    config = TimmWrapperConfig(architecture="vit_tiny_patch16_224", num_labels=3, model_args=args)
    config.pretrained_cfg = {"input_size": [3, 16, 16], "mean": [0.5] * 3, "std": [0.5] * 3, "crop_pct": 0.9,
                             "interpolation": "bicubic"}
    model = TimmWrapperForImageClassification(config)
    randomise(model)
    model.save_pretrained(folder)
    write_run(folder, "run0", run_timm(model.timm_model, pixels(3, 16, 16)))


# ---- descendants in timm ----------------------------------------------------------------------------------------------

def small_case(folder, arch="vit_tiny_patch16_224", **args):
    return timm_case(folder, arch, **{"depth": 1, "img_size": 12, **args})


@case
def timm_max(folder):
    small_case(folder, global_pool="max", reg_tokens=1)


@case
def timm_avgmax(folder):
    small_case(folder, global_pool="avgmax")


@case
def timm_distilled(folder):
    small_case(folder, "deit_tiny_distilled_patch16_224")


@case
def timm_qk_norm(folder):
    small_case(folder, qk_norm=True, num_heads=3)


@case
def timm_scale_norms(folder):  # BEiT-3
    small_case(folder, scale_attn_norm=True, scale_mlp_norm=True, global_pool="avg", norm_layer="layernorm")


@case
def timm_swiglu_packed(folder):  # DINOv2 giant
    small_case(folder, mlp_layer=timm.layers.SwiGLUPacked, act_layer="silu", mlp_ratio=3, init_values=1e-5)


@case
def timm_rms(folder):  # AIMv2
    small_case(folder, class_token=False, fc_norm=False, global_pool="avg", qkv_bias=False, proj_bias=False, act_layer="silu",
              norm_layer="rmsnorm", embed_norm_layer="rmsnorm", mlp_layer=timm.layers.SwiGLU, qk_norm=True)


@case
def timm_map(folder):  # SigLIP
    small_case(folder, class_token=False, global_pool="map", act_layer="gelu_tanh", num_classes=0, num_heads=3)


EVA = {"embed_dim": 16}


@case
def timm_eva02(folder):  # q, k, v apart, no key bias
    small_case(folder, "eva02_base_patch16_clip_224", **EVA, dynamic_img_size=True, sizes=(None, (20, 16)))


@case
def timm_eva02_packed(folder):
    small_case(folder, "eva02_tiny_patch14_224", **EVA)


@case
def timm_dinov3(folder):
    small_case(folder, "vit_small_plus_patch16_dinov3_qkvb", **EVA, sizes=(None, (20, 16)))


@case
def timm_eva(folder):  # EVA giant: position embedding, no rotation; EVA-02's other MLP
    small_case(folder, "eva_giant_patch14_224", **EVA)


@case
def timm_eva_post(folder):  # EVA-02 enormous: norms after the branches
    small_case(folder, "eva02_enormous_patch14_clip_224", **EVA)


@case
def timm_res_post(folder):
    small_case(folder, "vit_base_patch16_rpn_224", depth=2)


@case
def timm_parallel(folder):  # ViT-22B: attention and MLP read the same norm
    small_case(folder, "vit_base_patch16_xp_224", depth=2)


@case
def timm_parallel_bias(folder):
    small_case(folder, "vit_pwee_patch16_reg1_gap_256", qk_norm=True)


@case
def timm_branches(folder):  # two attentions, then two MLPs side by side
    small_case(folder, "vit_small_patch16_18x2_224", depth=2)


@case
def timm_pe(folder):  # Perception Encoder: columns turn first, from 1, scaled to 24 x 24; pooling by 8 heads over all tokens
    small_case(folder, "vit_pe_core_tiny_patch16_384", **EVA, img_size=(12, 20))


@case
def timm_pe_lang(folder):  # no norm at the end
    small_case(folder, "vit_pe_lang_large_patch14_448", **EVA)


@case
def timm_rope(folder):
    small_case(folder, "vit_small_patch16_rope_224", **EVA, dynamic_img_size=True, sizes=(None, (20, 16)))


@case
def timm_rope_positionless(folder):
    small_case(folder, "vit_medium_patch16_rope_reg1_gap_256", **EVA, img_size=(12, 20))


@case
def timm_rope_mixed(folder):  # frequencies learned for every block and head
    small_case(folder, "vit_small_patch16_rope_mixed_ape_224", **EVA, depth=2, dynamic_img_size=True, sizes=(None, (8, 16)))


@case
def timm_pool_prefix(folder):
    small_case(folder, "test_vit3")


@case
def timm_patch_norm(folder):
    small_case(folder, embed_norm_layer="layernorm", norm_layer="layernorm")


@case
def timm_map_class_token(folder):
    small_case(folder, global_pool="map", mlp_layer=timm.layers.SwiGLUPacked, act_layer="silu", mlp_ratio=3)


@case
def timm_map_norms(folder):  # queries and keys of the pooling normed
    create = timm.models.vision_transformer.AttentionPoolLatent
    timm.models.vision_transformer.AttentionPoolLatent = functools.partial(create, qk_norm=True)
    small_case(folder, class_token=False, global_pool="map", num_heads=3)
    timm.models.vision_transformer.AttentionPoolLatent = create


@case
def timm_distilled_headless(folder):
    small_case(folder, "deit_tiny_distilled_patch16_224", num_classes=0)


# ---- Facebook's DINOv2 and DINOv3, by their own code -------------------------------------------------------------------

def original(repository):
    """A case that needs a checkout of facebookresearch/dinov2 or dinov3 ($DINOV2, $DINOV3); left as it is where there is none."""
    path = os.environ.get(repository)
    if path and path not in sys.path:
        sys.path.insert(0, path)
    return case if path else lambda function: function


def run_dino(folder, model, sizes, prefix=lambda state: state, patch=4, head=None):
    """The file as Facebook's hub has it: a bare state dict, without config.json."""
    state = {k: v.clone().contiguous() for k, v in prefix(model.state_dict()).items()}
    save_file(state, os.path.join(folder, "model.safetensors"))
    model = model.eval().double()
    for i, (height, width) in enumerate(sizes):
        x = pixels(3, height, width)
        hidden = []
        hooks = [block.register_forward_hook(lambda m, args, out: hidden.append((out[0] if isinstance(out, list) else out)[0]))
                 for block in (model.blocks if not model.chunked_blocks else model.blocks[0])]
        with torch.no_grad():
            out = model.forward_features(x.double())
            first = model.prepare_tokens_with_masks(x.double())
        for hook in hooks:
            hook.remove()
        registers = out["x_norm_regtokens"] if "x_norm_regtokens" in out else out["x_storage_tokens"]
        records = {"size": [width, height], "pixels": x[0], "embedding": out["x_norm_clstoken"][0],
                   "tokens": torch.cat([out["x_norm_clstoken"][:, None], registers, out["x_norm_patchtokens"]], 1)[0]}
        if hidden and not model.chunked_blocks:
            records["hidden"] = torch.stack([(first[0] if isinstance(first, tuple) else first)[0]] + hidden)
        if head is not None:
            records["embedding"] = torch.cat([out["x_norm_clstoken"], out["x_norm_patchtokens"].mean(1)], 1)[0]
            records["logits"] = head(records["embedding"]).detach()
        write_run(folder, "run%d" % i, records)


def dino_random(model):
    """As randomise, and stored as Facebook does: periods rounded to bfloat16, the bias of the keys masked."""
    randomise(model)
    for name, buffer in model.named_buffers():
        if name.endswith("periods"):
            buffer.copy_(buffer.bfloat16().float())
    return model


def dinov2_model(**more):
    from dinov2.models.vision_transformer import DinoVisionTransformer
    args = {"img_size": 12, "patch_size": 4, "embed_dim": 12, "depth": 2, "num_heads": 2, "mlp_ratio": 1.5, "init_values": 1.0,
            "interpolate_offset": 0.1, **more}
    return dino_random(DinoVisionTransformer(**args))


def dinov3_model(**more):
    from dinov3.models.vision_transformer import DinoVisionTransformer
    args = {"img_size": 12, "patch_size": 4, "embed_dim": 16, "depth": 2, "num_heads": 2, "ffn_ratio": 1.5,
            "layerscale_init": 1e-5, "norm_layer": "layernormbf16", "n_storage_tokens": 4, "mask_k_bias": True,
            "pos_embed_rope_dtype": "fp32", "pos_embed_rope_rescale_coords": 2, **more}
    model = DinoVisionTransformer(**args)
    model.init_weights()
    return dino_random(model)


@original("DINOV2")
def dinov2(folder):
    run_dino(folder, dinov2_model(), ((12, 12), (20, 8), (28, 24)))


@original("DINOV2")
def dinov2_registers(folder):  # SwiGLU; positions antialiased, as the hub makes these models
    run_dino(folder, dinov2_model(ffn_layer="swiglu", num_register_tokens=2, interpolate_antialias=True, interpolate_offset=0.0),
             ((12, 12), (20, 8)))


@original("DINOV2")
def dinov2_training(folder):  # blocks in chunks, the teacher of a training run
    def teacher(state):
        return {**{"backbone." + k: v for k, v in state.items()}, "dino_head.mlp.0.weight": torch.zeros(2, 12)}
    run_dino(folder, dinov2_model(block_chunks=2, depth=4, mlp_ratio=0.5), ((12, 12),), teacher)


@original("DINOV2")
def dinov2_linear(folder):  # a head of its own file, named beside the backbone in an index
    head = torch.nn.Linear(24, 5)
    randomise(head)
    run_dino(folder, dinov2_model(depth=1), ((12, 12),), head=head.double())
    os.rename(os.path.join(folder, "model.safetensors"), os.path.join(folder, "backbone.safetensors"))
    save_file({k: v.float() for k, v in head.state_dict().items()}, os.path.join(folder, "head.safetensors"))
    with open(os.path.join(folder, "model.safetensors.index.json"), "w", encoding="utf-8") as f:
        json.dump({"weight_map": {"cls_token": "backbone.safetensors", "weight": "head.safetensors"}}, f)


@original("DINOV3")
def dinov3(folder):
    run_dino(folder, dinov3_model(), ((12, 12), (8, 20)))


@original("DINOV3")
def dinov3_gated(folder):  # as the 7B model: SwiGLU, no bias in q, k, v, a norm of local crops that is not used
    run_dino(folder, dinov3_model(ffn_layer="swiglu", qkv_bias=False, untie_global_and_local_cls_norm=True, depth=1), ((16, 12),))


@case
def timm_deit3_names(folder):  # as Facebook's files call layer scale
    small_case(folder, no_embed_class=True, init_values=1e-5)
    path = os.path.join(folder, "model.safetensors")
    save_file({k.replace("ls1.gamma", "gamma_1").replace("ls2.gamma", "gamma_2"): v for k, v in load_file(path).items()}, path)


# ---- transformers -----------------------------------------------------------------------------------------------------

@case
def hf_classifier(folder):
    names = {0: "tench, Tinca tinca", 1: "goldfish", 2: "Größe"}
    hf_case(folder, ViTForImageClassification, image_size=[12, 20], num_labels=3, id2label=names,
            label2id={v: k for k, v in names.items()})


@case
def hf_model(folder):  # pooler stored and ignored, no biases in q, k, v, all other fields at their defaults
    hf_case(folder, ViTModel, qkv_bias=False, hidden_act="gelu_new", layer_norm_eps=1e-6)


@case
def hf_resized(folder):  # interpolate_pos_encoding: larger, smaller, not square
    hf_case(folder, ViTForImageClassification, hidden_act="quick_gelu", num_labels=4, sizes=(None, (20, 28), (8, 12), (24, 24)))


@case
def hf_patch_pair(folder):
    hf_case(folder, ViTForImageClassification, image_size=[6, 18], patch_size=[2, 6], hidden_act="silu", num_labels=2,
            num_attention_heads=4)


@case
def hf_f16(folder):
    hf_case(folder, ViTForImageClassification, dtype=torch.float16, hidden_act="relu", num_channels=1, num_labels=3)


@case
def hf_legacy_names(folder):  # LayerNorm parameters called gamma and beta
    hf_case(folder, ViTForImageClassification, hidden_act="gelu_pytorch_tanh", num_hidden_layers=1, num_labels=3)
    path = os.path.join(folder, "model.safetensors")

    def old(key):
        return key.replace(".weight", ".gamma").replace(".bias", ".beta") if "layernorm" in key else key
    save_file({old(k): v for k, v in load_file(path).items()}, path)


# ---- descendants in transformers --------------------------------------------------------------------------------------

def descendant(folder, model, config, base=None, pool=None, sizes=(None,), whole=None, **more):
    """Saves a model of transformers and runs it. base: the part that gives tokens; pool(base's output, tokens, model): the
    embedding, by default what transformers calls pooler_output. more: arguments of the forward pass with another size."""
    randomise(model).save_pretrained(folder)
    model = model.double()
    base = base or model
    for i, size in enumerate(sizes):
        height, width = size or (config.image_size,) * 2
        x = pixels(3, height, width)
        with torch.no_grad():
            out = base(x.double(), output_hidden_states=True, **(more if size else {}))
            tokens = out.last_hidden_state
            records = {"pixels": x[0], "embedding": pool(model, out)[0] if pool else out.pooler_output[0], "tokens": tokens[0],
                       "hidden": torch.stack(out.hidden_states)[:, 0]}
            if whole:
                records["logits"] = model(x.double(), **(more if size else {})).logits[0]
        if size:
            records["size"] = [width, height]
        write_run(folder, "run%d" % i, records)


SMALL = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 12, "patch_size": 4}
SMALL_MLP = {**SMALL, "intermediate_size": 20}
LARGER = {"interpolate_pos_encoding": True}


def class_token(model, out):
    return out.last_hidden_state[:, 0]


@case
def hf_deit(folder):  # the head sees the class token alone
    from transformers import DeiTConfig, DeiTForImageClassification
    config = DeiTConfig(**SMALL_MLP, num_labels=3)
    model = DeiTForImageClassification(config)
    descendant(folder, model, config, model.deit, class_token, (None, (8, 20)), True, **LARGER)


@case
def hf_deit_teacher(folder):
    from transformers import DeiTConfig, DeiTForImageClassificationWithTeacher
    config = DeiTConfig(**SMALL_MLP, num_labels=3)
    model = DeiTForImageClassificationWithTeacher(config)
    descendant(folder, model, config, model.deit, lambda m, out: out.last_hidden_state[:, :2].mean(1), (None, (16, 20)), True,
               **LARGER)


@case
def hf_dinov2(folder):
    from transformers import Dinov2Config, Dinov2Model
    config = Dinov2Config(**SMALL, mlp_ratio=2)
    descendant(folder, Dinov2Model(config), config, sizes=(None, (20, 16)))


@case
def hf_dinov2_classifier(folder):  # SwiGLU
    from transformers import Dinov2Config, Dinov2ForImageClassification
    config = Dinov2Config(**SMALL, mlp_ratio=2, use_swiglu_ffn=True, num_labels=3)
    model = Dinov2ForImageClassification(config)
    descendant(folder, model, config, model.dinov2, lambda m, out: torch.cat(
        [out.last_hidden_state[:, 0], out.last_hidden_state[:, 1:].mean(1)], 1), whole=True)


@case
def hf_dinov2_registers(folder):
    from transformers import Dinov2WithRegistersConfig, Dinov2WithRegistersForImageClassification
    config = Dinov2WithRegistersConfig(**SMALL, mlp_ratio=2, num_register_tokens=2, num_labels=3)
    model = Dinov2WithRegistersForImageClassification(config)
    descendant(folder, model, config, model.dinov2_with_registers, lambda m, out: torch.cat(
        [out.last_hidden_state[:, 0], out.last_hidden_state[:, 3:].mean(1)], 1), (None, (8, 16)), True)


@case
def hf_dinov3(folder):
    from transformers import DINOv3ViTConfig, DINOv3ViTModel
    config = DINOv3ViTConfig(**{**SMALL_MLP, "hidden_size": 16}, num_register_tokens=3)
    descendant(folder, DINOv3ViTModel(config), config, sizes=(None, (8, 20)))


@case
def hf_dinov3_gated(folder):  # no registers, no biases in q and v, another theta
    from transformers import DINOv3ViTConfig, DINOv3ViTModel
    config = DINOv3ViTConfig(**{**SMALL_MLP, "hidden_size": 16}, use_gated_mlp=True, hidden_act="silu", query_bias=False, key_bias=True,
                             mlp_bias=False, rope_theta=50.0)
    descendant(folder, DINOv3ViTModel(config), config)


@case
def hf_mae(folder):  # all patches, in their order
    from transformers import ViTMAEConfig, ViTMAEForPreTraining
    config = ViTMAEConfig(**SMALL_MLP, decoder_hidden_size=4, decoder_num_hidden_layers=1, decoder_num_attention_heads=1,
                          decoder_intermediate_size=4, mask_ratio=0.0)
    model = ViTMAEForPreTraining(config)
    forward = model.vit.forward
    model.vit.forward = lambda x, **args: forward(x, noise=torch.arange(x.shape[2] * x.shape[3] / 16)[None].double(), **args)
    descendant(folder, model, config, model.vit, class_token, (None, (20, 8)), **LARGER)


@case
def hf_clip(folder):  # both towers
    from transformers import CLIPConfig, CLIPModel
    text = {"hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 3,
            "max_position_embeddings": 2}
    config = CLIPConfig(vision_config=SMALL_MLP, text_config=text, projection_dim=6)
    model = CLIPModel(config)
    descendant(folder, model, config.vision_config, model.vision_model, lambda m, out: m.visual_projection(out.pooler_output),
               (None, (16, 20)), **LARGER)


@case
def hf_clip_vision(folder):
    from transformers import CLIPVisionConfig, CLIPVisionModel
    config = CLIPVisionConfig(**SMALL_MLP)
    descendant(folder, CLIPVisionModel(config), config)


@case
def hf_clip_classifier(folder):
    from transformers import CLIPConfig, CLIPForImageClassification
    config = CLIPConfig(vision_config={**SMALL_MLP, "hidden_act": "gelu"}, num_labels=3)
    model = CLIPForImageClassification(config)
    descendant(folder, model, config.vision_config, model.vision_model, lambda m, out: out.last_hidden_state[:, 1:].mean(1),
               whole=True)


@case
def hf_siglip(folder):
    from transformers import SiglipVisionConfig, SiglipVisionModel
    config = SiglipVisionConfig(**SMALL_MLP)
    descendant(folder, SiglipVisionModel(config), config, sizes=(None, (16, 20)), **LARGER)


@case
def hf_siglip_classifier(folder):
    from transformers import SiglipConfig, SiglipForImageClassification
    config = SiglipConfig(vision_config=SMALL_MLP, num_labels=3)
    model = SiglipForImageClassification(config)
    descendant(folder, model, config.vision_config, model.vision_model, lambda m, out: out.last_hidden_state.mean(1), whole=True)


# ---- GGUF -------------------------------------------------------------------------------------------------------------

WIDE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 12, "patch_size": 4}


def gguf_name(key):
    """The name that llama.cpp and clip.cpp give to a tensor of CLIP's or SigLIP's vision tower, or of a ViT."""
    key = key.removeprefix("vision_model.")
    for old, new in (("encoder.layers.", "v.blk."), ("layers.", "v.blk."), ("layer_norm1", "ln1"), ("layer_norm2", "ln2"),
                     ("layernorm_before", "ln1"), ("layernorm_after", "ln2"), ("self_attn", "attention"),
                     ("attention.q_proj", "attn_q"), ("attention.k_proj", "attn_k"), ("attention.v_proj", "attn_v"),
                     ("attention.out_proj", "attn_out"), ("attention.o_proj", "attn_out"), ("mlp.fc1", "ffn_up"),
                     ("mlp.fc2", "ffn_down"), ("embeddings.class_embedding", "v.class_embd"),
                     ("embeddings.cls_token", "v.class_embd"), ("embeddings.patch_embeddings.projection", "v.patch_embd"),
                     ("embeddings.patch_embedding", "v.patch_embd"),
                     ("embeddings.position_embedding.weight", "v.position_embd.weight"),
                     ("embeddings.position_embeddings", "v.position_embd.weight"), ("pre_layrnorm", "v.pre_ln"),
                     ("post_layernorm", "v.post_ln"), ("layernorm.", "v.post_ln.")):
        key = key.replace(old, new)
    return key


def write_gguf(folder, model, config, kind, act=None, rename=lambda name: name):
    """Writes the vision tower as a GGUF file with matrices of `kind`, and puts what a reader gets from it back into the model."""
    import gguf
    writer = gguf.GGUFWriter(os.path.join(folder, "model.gguf"), "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    for key, value in (("image_size", config.image_size), ("patch_size", config.patch_size), ("block_count", config.num_hidden_layers),
                       ("embedding_length", config.hidden_size), ("feed_forward_length", config.intermediate_size),
                       ("attention.head_count", config.num_attention_heads)):
        writer.add_uint32("clip.vision." + key, value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", config.layer_norm_eps)
    writer.add_array("clip.vision.image_mean", [0.25, 0.5, 0.75])
    writer.add_array("clip.vision.image_std", [0.5, 0.25, 0.125])
    if act:
        writer.add_bool("clip." + act, True)
    state = model.state_dict()
    for key, value in state.items():
        if any(part in key for part in ("position_ids", "pooler", "head.", "text", "logit_scale")):
            continue
        name, data = rename(gguf_name(key)), value.float().numpy()
        if name in ("v.class_embd", "v.position_embd.weight"):
            data = data.reshape(data.shape[-2:] if name.endswith("weight") else -1)
        how = kind if data.ndim == 2 and not name.startswith("v.pos") else "F16" if data.ndim == 4 and kind != "F32" else "F32"
        number = getattr(gguf.GGMLQuantizationType, how)
        raw = data if how == "F32" else gguf.quants.quantize(data.copy(), number)
        back = data if how == "F32" else gguf.quants.dequantize(raw, number)
        writer.add_tensor(name, raw, raw_dtype=None if how in ("F32", "F16") else number)
        state[key] = torch.from_numpy(back.reshape(value.shape).astype(np.float32).copy()).to(value.dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model.load_state_dict(state)


def gguf_clip(folder, kind):
    from transformers import CLIPVisionConfig, CLIPVisionModel
    config = CLIPVisionConfig(**WIDE)
    model = randomise(CLIPVisionModel(config))
    write_gguf(folder, model, config, kind)
    x = pixels(3, 12, 12)
    with torch.no_grad():
        out = model.double()(x.double(), output_hidden_states=True)
    write_run(folder, "run0", {"pixels": x[0], "embedding": out.pooler_output[0], "hidden": torch.stack(out.hidden_states)[:, 0],
                               "tokens": getattr(model, "vision_model", model).post_layernorm(out.last_hidden_state).detach()[0]})


for kind in ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"):
    CASES["gguf_" + kind.lower()] = functools.partial(gguf_clip, kind=kind)


@case
def gguf_projection(folder):  # clip.cpp: with the projection
    from transformers import CLIPConfig, CLIPModel
    config = CLIPConfig(vision_config=SMALL_MLP, text_config={"hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1,
                        "num_attention_heads": 1, "vocab_size": 3, "max_position_embeddings": 2}, projection_dim=6)
    model = randomise(CLIPModel(config))
    write_gguf(folder, model, config.vision_config, "F32", "use_gelu" if config.vision_config.hidden_act == "gelu" else None)
    x = pixels(3, 16, 20)
    with torch.no_grad():
        out = model.double().vision_model(x.double(), output_hidden_states=True, interpolate_pos_encoding=True)
        records = {"size": [20, 16], "pixels": x[0], "embedding": model.visual_projection(out.pooler_output)[0],
                   "tokens": model.vision_model.post_layernorm(out.last_hidden_state)[0], "hidden": torch.stack(out.hidden_states)[:, 0]}
    write_run(folder, "run0", records)


@case
def gguf_siglip(folder):  # first and second layer of the MLP called the other way round, as older converters do
    from transformers import SiglipVisionConfig, SiglipVisionModel
    config = SiglipVisionConfig(**SMALL_MLP, vision_use_head=False)
    model = randomise(SiglipVisionModel(config))
    swap = {"ffn_up": "ffn_down", "ffn_down": "ffn_up"}
    write_gguf(folder, model, config, "F32", "use_gelu", lambda name: ".".join(swap.get(part, part) for part in name.split(".")))
    x = pixels(3, 12, 12)
    with torch.no_grad():
        out = model.double()(x.double(), output_hidden_states=True)
    tokens = out.last_hidden_state
    write_run(folder, "run0", {"pixels": x[0], "embedding": tokens[0].mean(0), "tokens": tokens[0],
                               "hidden": torch.stack(out.hidden_states)[:, 0]})


@case
def gguf_vit(folder):  # no norm before the blocks
    config = ViTConfig(**SMALL_MLP)
    model = randomise(ViTModel(config, add_pooling_layer=False))
    write_gguf(folder, model, config, "F32", "use_gelu")
    x = pixels(3, 12, 12)
    with torch.no_grad():
        out = model.double()(x.double(), output_hidden_states=True)
    write_run(folder, "run0", {"pixels": x[0], "embedding": out.last_hidden_state[0, 0], "tokens": out.last_hidden_state[0],
                               "hidden": torch.stack(out.hidden_states)[:, 0]})


# ---- preprocessing ----------------------------------------------------------------------------------------------------

PICTURES = ((13, 21), (25, 11))  # height, width
pillow_resize = Image.Image.resize


def resize_across_first(image, size, resample=None, box=None, reducing_gap=None):
    """Pillow's Image.resize in the order it always had: newer ones sometimes resize downwards first (docs/preprocessing.md)."""
    assert box is None and reducing_gap is None
    return pillow_resize(pillow_resize(image, (size[0], image.height), resample), size, resample)


Image.Image.resize = resize_across_first
TINY = {"img_size": 8, "patch_size": 4, "embed_dim": 4, "depth": 1, "num_heads": 1, "mlp_ratio": 1, "num_classes": 0}


def picture(height, width):
    return torch.randint(0, 256, (height, width, 3), dtype=torch.uint8).numpy()


def timm_preprocessing(folder, args, **cfg):
    args = {**TINY, **args}
    size = args["img_size"] if isinstance(args["img_size"], tuple) else (args["img_size"],) * 2
    cfg = {"input_size": (3, *size), "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), **cfg}
    model = randomise(timm.create_model("vit_tiny_patch16_224", **args))
    model.pretrained_cfg.update(cfg)
    save_for_hf(model, folder, safe_serialization=True)
    transform = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=cfg), is_training=False)
    for i, (height, width) in enumerate(PICTURES):
        image = picture(height, width)
        write_run(folder, "run%d" % i, {"picture": image, "input": transform(Image.fromarray(image))})


@case
def pixels_timm_center(folder):
    timm_preprocessing(folder, {}, interpolation="bicubic", crop_pct=0.9, crop_mode="center")


@case
def pixels_timm_squash(folder):
    timm_preprocessing(folder, {}, interpolation="bilinear", crop_pct=0.875, crop_mode="squash", mean=(0.5,) * 3, std=(0.5,) * 3)


@case
def pixels_timm_border(folder):
    timm_preprocessing(folder, {}, interpolation="lanczos", crop_pct=1.0, crop_mode="border")


@case
def pixels_timm_rectangle(folder):
    timm_preprocessing(folder, {"img_size": (8, 12)}, interpolation="bicubic", crop_pct=0.9, crop_mode="center")


def hf_preprocessing(folder, processor, change=None, **args):
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil
    hf_case(folder, ViTModel, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4, patch_size=4,
            **args)
    os.remove(os.path.join(folder, "run0.bin"))
    processor.save_pretrained(folder)
    path = os.path.join(folder, "preprocessor_config.json")
    with open(path, encoding="utf-8") as f:
        config = json.load(f)
    if change:
        change(config)
    kinds = (BitImageProcessorPil, CLIPImageProcessorPil, DeiTImageProcessorPil, SiglipImageProcessorPil, ViTImageProcessorPil)
    name = config.get("image_processor_type", config.get("feature_extractor_type")).replace("FeatureExtractor", "ImageProcessor")
    kind = next(kind for kind in kinds if name.startswith(kind.__name__.removesuffix("Pil")))
    pillow = kind.from_dict(config)  # what the file says, computed by Pillow
    for i, (height, width) in enumerate(PICTURES):
        image = picture(height, width)
        made = pillow(Image.fromarray(image), return_tensors="np")["pixel_values"][0]
        write_run(folder, "run%d" % i, {"picture": image, "input": made})
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f, indent=1)
        f.write("\n")


@case
def pixels_hf_squash(folder):
    processor = ViTImageProcessor(size={"height": 8, "width": 12}, image_mean=[0.485, 0.456, 0.406])
    hf_preprocessing(folder, processor, image_size=[8, 12])


@case
def pixels_hf_deit(folder):  # squash to 9, then crop
    processor = DeiTImageProcessor(size={"height": 9, "width": 9}, crop_size={"height": 8, "width": 8})
    hf_preprocessing(folder, processor, image_size=8)


@case
def pixels_hf_shortest(folder):  # an old file leaves out what is the class's default
    def change(config):
        for key in ("resample", "do_resize", "do_rescale", "do_normalize", "rescale_factor", "image_mean", "image_std"):
            config.pop(key, None)
        config["feature_extractor_type"] = config.pop("image_processor_type").replace("ImageProcessor", "FeatureExtractor")
    processor = DeiTImageProcessor(size={"shortest_edge": 9}, crop_size={"height": 8, "width": 8})
    hf_preprocessing(folder, processor, change, image_size=8)


def only(*keys, **values):
    """Leaves these keys of a processor's file, the class's name and what is given: everything else is the class's default."""
    def change(config):
        kept = {key: config[key] for key in (*keys, "image_processor_type") if key in config}
        config.clear()
        config.update({**kept, **values})
    return change


@case
def pixels_hf_clip(folder):  # sizes that are one number
    from transformers import CLIPImageProcessor
    hf_preprocessing(folder, CLIPImageProcessor(), only(size=9, crop_size=8), image_size=8)


@case
def pixels_hf_bit(folder):  # DINOv2
    from transformers import BitImageProcessor
    hf_preprocessing(folder, BitImageProcessor(), only(size={"shortest_edge": 10}, crop_size={"height": 8, "width": 12},
                     image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]), image_size=[8, 12])


@case
def pixels_hf_siglip(folder):  # not scaled: mean and std of bytes
    from transformers import SiglipImageProcessor
    hf_preprocessing(folder, SiglipImageProcessor(), only(size={"height": 8, "width": 12}, do_rescale=False, image_mean=[127.5] * 3,
                     image_std=[64.0] * 3), image_size=[8, 12])


@case
def pixels_hf_vit_number(folder):  # one number is a square; scaled twice as much, not normalised, nearest
    hf_preprocessing(folder, ViTImageProcessor(), only(size=8, do_normalize=False, rescale_factor=1 / 127.5, resample=0), image_size=8)


@case
def pixels_hf_deit_number(folder):
    hf_preprocessing(folder, DeiTImageProcessor(), only(size=9, crop_size=8, resample=1), image_size=8)


def shared_mnist(path):
    """data/shared_mnist.bin: the MNIST model that tests read from elsewhere, on random pixels: only the pixels and the logits."""
    norm = functools.partial(torch.nn.LayerNorm, eps=1e-5)
    model = timm.models.VisionTransformer(img_size=28, patch_size=7, in_chans=1, num_classes=10, embed_dim=9, depth=3,
                                          num_heads=3, mlp_ratio=3.56, act_layer="relu", final_norm=False, norm_layer=norm)
    model.load_state_dict(load_file(path))
    torch.manual_seed(9)
    records = run_timm(model.eval(), torch.rand(1, 1, 28, 28))
    write_run(OUT, "shared_mnist", {key: records[key] for key in ("pixels", "logits")})


def main(names):
    shared = os.path.join(os.environ.get("VIT_SHARED", "../shared"), "models/vit_numpy_mnist_d9/model.safetensors")
    if os.path.exists(shared) and not names:
        shared_mnist(shared)
    for name, make in CASES.items():
        if names and name not in names:
            continue
        folder = os.path.join(OUT, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        torch.manual_seed(sum(name.encode()))
        make(folder)
        print(name, sum(e.stat().st_size for e in os.scandir(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
