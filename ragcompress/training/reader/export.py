"""The reader's weights as an ONNX graph with int8 weights, written node by node: the transcription of `model.forward`.

The fused operators of onnxruntime (attention, skip plus layer norm, GELU) are named directly, so no graph optimiser
has to find them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import require
from ragcompress.training.reader.model import EPS, HEADS, LAYERS, WIDTH

__all__ = ["NAME", "export", "graph"]

NAME = "reader-int8.onnx"
Weights = Mapping[str, NDArray[np.float32]]


def export(weights: Weights, folder: Path) -> dict[str, int]:
    """Write ``reader-int8.onnx`` to ``folder``; returns its size in bytes by name."""
    onnx = require("onnx", "train")
    quantisation = require("onnxruntime.quantization", "train")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "reader.onnx"
        save_float(weights, plain)
        quantisation.quantize_dynamic(
            plain,
            folder / NAME,
            weight_type=quantisation.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # seven bits: no sum overflows on older processors, and a wheel packs it smaller
            op_types_to_quantize=["MatMul", "Gather"],
            nodes_to_exclude=["head", "kind_of_token"],
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # fused operators hide their types
        )
    return {NAME: (folder / NAME).stat().st_size}


def save_float(weights: Weights, path: Path) -> None:
    """Write the graph with float32 weights, as a test or another runtime may want it."""
    require("onnx", "train").save(graph(weights), path)


def graph(weights: Weights) -> Any:
    """The ONNX model: ``ids``, ``types`` (batch, tokens) int64 and ``lengths`` (batch,) int32 to ``logits``
    (batch, tokens, 2) float32; logits at padding mean nothing.
    """
    onnx = require("onnx", "train")
    helper, kinds = onnx.helper, onnx.TensorProto
    sheet = _Sheet(helper)
    x = _embed(sheet)
    for layer in range(LAYERS):
        x = _layer(sheet, x, layer)
    sheet.add("Add", [sheet.add("MatMul", [x, "head.w"], "head"), "head.b"], "logits")
    tables = ("words", "positions", "kinds")
    constants = {name: value if value.ndim == 1 else value.T for name, value in weights.items() if name not in tables}
    constants |= {"words": weights["words"], "positions": weights["positions"], "kinds": weights["types"]}
    constants |= {"zero": np.array([0]), "thirds": np.array([WIDTH] * 3)}
    del constants["types"]
    tensors = [onnx.numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()]
    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, kinds.INT64, shape) for name in ("ids", "types")]
    inputs.append(helper.make_tensor_value_info("lengths", kinds.INT32, ["batch"]))
    outputs = [helper.make_tensor_value_info("logits", kinds.FLOAT, [*shape, 2])]
    body = helper.make_graph(sheet.nodes, "reader", inputs, outputs, tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=8)


class _Sheet:
    """Nodes under construction; a node bears the name of its first output."""

    def __init__(self, helper: Any) -> None:
        self._helper = helper
        self.nodes: list[Any] = []

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a node and return its output; ``domain="com.microsoft"`` for fused operators."""
        self.nodes.append(self._helper.make_node(kind, inputs, output.split(), name=output.split()[0], **attributes))
        return output.split()[0]


def _embed(sheet: _Sheet) -> str:
    size = sheet.add("Shape", ["ids"], "size", start=1, end=2)
    places = sheet.add("Slice", ["positions", "zero", size, "zero"], "places")
    words = sheet.add("Gather", ["words", "ids"], "looked_up")
    kinds = sheet.add("Gather", ["kinds", "types"], "kind_of_token")
    summed = sheet.add("Add", [sheet.add("Add", [words, places], "placed"), kinds], "summed")
    return sheet.add("LayerNormalization", [summed, "norm0.w", "norm0.b"], "embedded", epsilon=EPS)


def _layer(sheet: _Sheet, x: str, n: int) -> str:
    fused = {"domain": "com.microsoft"}
    product = sheet.add("MatMul", [x, f"{n}.qkv.w"], f"{n}.qkv.product")
    joint = sheet.add("Add", [product, f"{n}.qkv.b"], f"{n}.qkv")
    sheet.add("Split", [joint, "thirds"], f"{n}.q {n}.k {n}.v", axis=2)
    inputs = [f"{n}.q", f"{n}.k", f"{n}.v", "", "lengths"]
    mixed = sheet.add("MultiHeadAttention", inputs, f"{n}.mixed", num_heads=HEADS, **fused)
    out = sheet.add("MatMul", [mixed, f"{n}.out.w"], f"{n}.out.product")
    x = _add_and_norm(sheet, out, x, f"{n}.out.b", f"{n}.norm1")
    up = sheet.add("BiasGelu", [sheet.add("MatMul", [x, f"{n}.up.w"], f"{n}.up"), f"{n}.up.b"], f"{n}.gelu", **fused)
    down = sheet.add("MatMul", [up, f"{n}.down.w"], f"{n}.down")
    return _add_and_norm(sheet, down, x, f"{n}.down.b", f"{n}.norm2")


def _add_and_norm(sheet: _Sheet, x: str, skip: str, bias: str, norm: str) -> str:
    inputs = [x, skip, f"{norm}.w", f"{norm}.b", bias]
    return sheet.add("SkipLayerNormalization", inputs, norm, epsilon=EPS, domain="com.microsoft")
