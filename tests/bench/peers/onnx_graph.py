"""The model as an ONNX graph, for ONNX Runtime and OpenVINO. Written node by node, so that torch is not needed and every runtime gets
the operators it is best at: LayerNormalization, the erf form of GELU (which they fuse), and attention either in standard operators or
as ONNX Runtime's own MultiHeadAttention."""

from typing import Any, List

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .checkpoint import EPS, Checkpoint

OPSET = 17


class _Graph:
    def __init__(self) -> None:
        self.nodes: List[onnx.NodeProto] = []
        self.constants: List[onnx.TensorProto] = []
        self.shapes: List[onnx.ValueInfoProto] = []  # of what only ONNX Runtime can infer

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def outputs_of(self, outputs: int, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> List[str]:
        """Adds one node; returns the names of its outputs."""
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], domain=domain, **attributes))
        return names

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        return self.outputs_of(1, kind, *inputs, domain=domain, **attributes)[0]

    def linear(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        product = self.node("MatMul", x, self.constant(f"{name}.weight", weight.T))
        return self.node("Add", product, self.constant(f"{name}.bias", bias))

    def norm(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        names = self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)
        return self.node("LayerNormalization", x, *names, axis=-1, epsilon=EPS)

    def gelu(self, x: str) -> str:
        erf = self.node("Erf", self.node("Div", x, "sqrt2"))
        return self.node("Mul", self.node("Mul", x, self.node("Add", erf, "one")), "half")


def _attention(g: _Graph, qkv: str, heads: int, head_dim: int) -> str:
    """[B, T, 3D] -> [B, T, D] in standard operators."""
    parts = g.node("Transpose", g.node("Reshape", qkv, "split_heads"), perm=[2, 0, 3, 1, 4])
    q, k, v = (g.node("Gather", parts, f"index{i}", axis=0) for i in range(3))
    scores = g.node("MatMul", g.node("Mul", q, "scale"), g.node("Transpose", k, perm=[0, 1, 3, 2]))
    mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), v)
    return g.node("Reshape", g.node("Transpose", mixed, perm=[0, 2, 1, 3]), "join_heads")


def _fused_attention(g: _Graph, qkv: str, heads: int, head_dim: int) -> str:
    q, k, v = g.outputs_of(3, "Split", qkv, "thirds", axis=2)
    mixed = g.node("MultiHeadAttention", q, k, v, domain="com.microsoft", num_heads=heads)
    g.shapes.append(helper.make_tensor_value_info(mixed, TensorProto.FLOAT, ["batch", None, heads * head_dim]))
    return mixed


def build(checkpoint: Checkpoint, fused: bool) -> onnx.ModelProto:
    """input [batch, 3, side, side] -> logits [batch, classes]. fused: attention as ONNX Runtime's own operator."""
    t, g = checkpoint.tensors, _Graph()
    width, heads, patch, tokens = checkpoint.width, checkpoint.heads, checkpoint.patch, checkpoint.tokens
    head_dim = width // heads
    for name, value in {"sqrt2": 2**0.5, "one": 1, "half": 0.5, "scale": head_dim**-0.5}.items():
        g.constant(name, np.array(value, np.float32))
    for name, values in {
        "rows": [0, width, tokens - 1],
        "front": [0, 1, 0, 0, 0, 0],
        "split_heads": [0, tokens, 3, heads, head_dim],
        "join_heads": [0, tokens, width],
        "thirds": [width] * 3,
    }.items():
        g.constant(name, np.array(values, np.int64))
    for i in range(3):
        g.constant(f"index{i}", np.array(i, np.int64))

    weight = g.constant("patch.weight", t["patch_embed.proj.weight"])
    x = g.node("Conv", "input", weight, g.constant("patch.bias", t["patch_embed.proj.bias"]), strides=[patch, patch])
    x = g.node("Pad", g.node("Transpose", g.node("Reshape", x, "rows"), perm=[0, 2, 1]), "front")
    positions = t["pos_embed"].copy()
    positions[0, 0] += t["cls_token"].reshape(-1)  # the row that Pad left empty
    x = g.node("Add", x, g.constant("positions", positions))
    for i in range(checkpoint.depth):

        def pair(name: str) -> "tuple[str, np.ndarray, np.ndarray]":
            full = f"blocks.{i}.{name}"
            return full, t[f"{full}.weight"], t[f"{full}.bias"]

        qkv = g.linear(g.norm(x, *pair("norm1")), *pair("attn.qkv"))
        mixed = (_fused_attention if fused else _attention)(g, qkv, heads, head_dim)
        x = g.node("Add", x, g.linear(mixed, *pair("attn.proj")))
        hidden = g.gelu(g.linear(g.norm(x, *pair("norm2")), *pair("mlp.fc1")))
        x = g.node("Add", x, g.linear(hidden, *pair("mlp.fc2")))
    token = g.node("Gather", x, "index0", axis=1)
    token = g.norm(token, "norm", t["norm.weight"], t["norm.bias"])
    logits = g.linear(token, "head", t["head.weight"], t["head.bias"])
    g.nodes.append(helper.make_node("Identity", [logits], ["logits"]))

    side, classes = checkpoint.side, t["head.weight"].shape[0]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, side, side])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])]
    graph = helper.make_graph(g.nodes, "vit", inputs, outputs, g.constants, value_info=g.shapes)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)
