"""Trained weights out of torch: safetensors to go on with, ONNX graphs to ship."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from ragcompress.core.errors import ModelError, require
from ragcompress.models.labeller.bridges import BRIDGE
from ragcompress.models.labeller.runtime import PARTS
from ragcompress.training.labeller.config import FEATURES, ModelConfig

__all__ = ["export_int8", "export_joint", "from_graph", "from_pretrained", "save_pretrained", "settings_of"]

OPSET = 18
CODES = "_quantized"  # what follows a quantised matrix's name
FLOAT_NODES = ("features", "head", "lift")  # tiny, and what they read or write has a wide range: never int8


def save_pretrained(model: Any, folder: Path, *, training: Mapping[str, Any] | None = None) -> None:
    """Write a `JointHalf` as ``joint.safetensors`` and ``joint.json``.

    Args:
        model: The trained half.
        folder: Made when missing.
        training: What to remember about the run: data sets, tokens seen, configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().float().contiguous() for name, tensor in model.state_dict().items()}
    require("safetensors.torch", "train").save_file(tensors, folder / "joint.safetensors")
    about = {"model": asdict(model.config), "training": dict(training or {})}
    (folder / "joint.json").write_text(json.dumps(about, indent=2), encoding="utf-8")


def from_pretrained(folder: Path) -> Any:
    """The `JointHalf` that `save_pretrained` wrote.

    Raises:
        ModelError: A file is missing or does not fit the configuration.
    """
    require("torch", "train")
    from ragcompress.training.labeller.model import JointHalf

    try:
        about = json.loads((folder / "joint.json").read_text(encoding="utf-8"))["model"]
        model = JointHalf(ModelConfig(**{**about, "fusion": tuple(about["fusion"])}))
        model.load_state_dict(require("safetensors.torch", "train").load_file(folder / "joint.safetensors"))
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{folder} holds no joint labeller that this version reads: {error}") from error
    return model.eval()


def from_graph(graph: bytes, settings: Mapping[str, Any]) -> Any:
    """The `JointHalf` behind a ``labeller-int8.onnx``, to train it further; what `export_joint` rounded stays rounded.

    Args:
        graph: The file's bytes.
        settings: What ``labeller.json`` holds.

    Raises:
        ModelError: The graph is of another make.
    """
    torch, onnx = require("torch", "train"), require("onnx", "train")
    from ragcompress.training.labeller.model import JointHalf

    try:
        body = onnx.load_model_from_string(graph).graph
        model = JointHalf(ModelConfig(join_at=settings["join_at"]))
        arrays = _widened({tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in body.initializer})
        aliases = [node for node in body.node if node.op_type == "Identity" and node.input[0] in arrays]
        arrays |= {node.output[0]: arrays[node.input[0]] for node in aliases}  # equal constants are stored once
        state = {name.removeprefix("model."): array for name, array in arrays.items() if name.startswith("model.")}
        for node in body.node:  # a linear layer's weights, transposed, under a number
            if node.op_type in ("MatMul", "MatMulInteger") and (weights := node.input[1].removesuffix(CODES)) in arrays:
                name = ".".join(node.name.strip("/").split("/")[1:-1])
                state[f"{name}.weight"] = arrays[weights].T
        factors = [arrays[name] for node in body.node if node.op_type == "Mul" for name in node.input if name in arrays]
        state = {name: array for name, array in state.items() if "Transposed" not in name}
        state["sides"] = np.stack([factor for factor in factors if factor.shape == (model.config.width,)])
        sums = [settings["weights"][name] for name in PARTS]
        state |= {"fusion": np.array(sums[:4]), "scales": np.array(sums[4:7]), "keep": np.array(settings["keep"])}
        model.load_state_dict({name: torch.tensor(np.array(array)).float() for name, array in state.items()})
    except (KeyError, ValueError, RuntimeError) as error:
        raise ModelError(f"this graph is no joint labeller that can be trained further: {error}") from error
    return model


def _widened(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A graph's constants in float32, quantised ones under the name that they had before."""
    scales = {name.removesuffix("_scale"): array for name, array in stored.items() if name.endswith("_scale")}
    found = {name: array.astype(np.float32) for name, array in stored.items() if array.dtype == np.float32}
    for name, scale in scales.items():
        found.pop(f"{name}_scale")
        zero = stored[f"{name}_zero_point"].astype(np.float32)
        found[name] = (stored[f"{name}{CODES}"].astype(np.float32) - zero) * scale
    return found


def settings_of(model: Any, name: str) -> dict[str, Any]:
    """What `JointModel` needs beside the graph, before calibration."""
    return {
        "name": name,
        "join_at": model.config.join_at,
        "weights": {
            name: round(value, 5)
            for name, value in zip(PARTS, [*model.fusion.tolist(), *model.scales.tolist(), 0.0, 0.0], strict=True)
        },
        "bridge": list(BRIDGE),
        "keep": [round(value, 5) for value in model.keep.tolist()],
    }


def export_joint(model: Any, folder: Path) -> dict[str, int]:
    """Write ``labeller-int8.onnx``; returns its size in bytes, by name.

    The graph reads ``states`` [batch, length, width], ``features`` [batch, length, 4] and ``side`` [batch, length]
    (0 query, 1 passage), all of one length, and gives ``logits`` [batch, length, 2] and ``rank`` [batch].
    """
    folder.mkdir(parents=True, exist_ok=True)
    export_int8(model, folder / "labeller-int8.onnx")
    return {file.name: file.stat().st_size for file in sorted(folder.glob("labeller-*.onnx"))}


def export_int8(model: Any, target: Path) -> None:
    """Write the graph of `export_joint` to a file; its seven bits a weight compute the same on every processor."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "joint.onnx"
        with _quietly():
            _export_float(model, plain)
            _quantise(plain, target)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what torch and onnxruntime say of their own insides while they export: whoever tunes can't act on it."""
    before = logging.root.manager.disable
    with catch_warnings():
        simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _quantise(source: Path, target: Path) -> None:
    quantisation = require("onnxruntime.quantization", "train")
    nodes = require("onnx", "train").load(source).graph.node
    quantisation.quantize_dynamic(
        source,
        target,
        weight_type=quantisation.QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        op_types_to_quantize=["MatMul"],
        nodes_to_exclude=[node.name for node in nodes if any(part in node.name for part in FLOAT_NODES)],
    )


def _export_float(model: Any, path: Path) -> None:
    torch = require("torch", "train")
    states = torch.zeros(2, 12, model.config.width)
    side = (torch.arange(12) > 4).long().repeat(2, 1)
    names = {"states": states, "features": torch.zeros(2, 12, len(FEATURES)), "side": side}
    axes = {name: {0: "batch", 1: "length"} for name in (*names, "logits")}
    with torch.no_grad():
        torch.onnx.export(
            _unmasked(model).float().eval(),
            tuple(names.values()),
            path,
            opset_version=OPSET,
            dynamo=False,
            input_names=list(names),
            output_names=["logits", "rank"],
            dynamic_axes={**axes, "rank": {0: "batch"}},
        )


def _unmasked(model: Any) -> Any:
    """The model without padding: batches at run time hold windows of one length."""
    torch = require("torch", "train")

    class Unmasked(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, states: Any, features: Any, side: Any) -> Any:
            return self.model(states, features, side, None)

    return Unmasked()
