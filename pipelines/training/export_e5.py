"""The multilingual encoder that ships, from what `import_e5` wrote: pieces product-quantised, layers as one int8 graph.

    python -m pipelines.training.export_e5 --base .work/e5 --out .work/weights

Writes ``e5-pieces.npz`` (see `ragcompress.models.pieces`), ``e5-encoder.onnx`` and ``e5-tokenizer.json``. The graph
reads the pieces' vectors ``embeddings`` [1, length, 384] and gives the states after the layer where the labeller joins
question and passage (``middle``) and after the last one (``last``). Its weights use seven bits, so that processors
whose 16-bit sums would overflow with eight compute the same.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic

from ragcompress.core.errors import require
from ragcompress.models.pieces import PieceTable
from ragcompress.training.labeller.config import ModelConfig
from ragcompress.training.labeller.model import FrozenEncoder, encoder_weights

OPSET = 18
PARTS = 96  # bytes a piece
FREQUENT, ROWS = 30_000, 60_000  # codebooks are trained on the most frequent pieces and on as many others


class TwoStates(torch.nn.Module):
    """Pieces' vectors [1, length, width] -> states after the middle and after the last layer, of the same shape."""

    def __init__(self, body: FrozenEncoder) -> None:
        super().__init__()
        self.body = body

    def forward(self, embeddings: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Middle and last states."""
        places = torch.arange(embeddings.shape[1])
        states = self.body.norm(embeddings + self.body.positions[places])
        return self.body.layers(states, None)


def quantised_pieces(words: NDArray[np.float32]) -> PieceTable:
    """A table of these rows [pieces, width]; the first ones are the most frequent."""
    faiss = require("faiss", "faiss")
    others = np.random.default_rng(7).choice(np.arange(FREQUENT, len(words)), ROWS - FREQUENT, replace=False)
    quantiser = faiss.ProductQuantizer(words.shape[1], PARTS, 8)
    quantiser.train(np.ascontiguousarray(words[np.concatenate([np.arange(FREQUENT), others])]))
    codebooks = faiss.vector_to_array(quantiser.centroids).reshape(PARTS, 256, -1)
    return PieceTable(quantiser.compute_codes(words), codebooks.astype(np.float16))


def export(body: FrozenEncoder, target: Path) -> None:
    """Write the int8 graph."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "encoder.onnx"
        torch.onnx.export(
            TwoStates(body).eval(), (torch.zeros(1, 8, body.positions.shape[1]),), plain, opset_version=OPSET,
            dynamo=False, input_names=["embeddings"], output_names=["middle", "last"],
            dynamic_axes={name: {1: "length"} for name in ("embeddings", "middle", "last")},
        )  # fmt: skip
        quantize_dynamic(
            plain, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            op_types_to_quantize=["MatMul"],
        )  # fmt: skip


def small_tokenizer(source: Path) -> str:
    """The tokenizer's JSON with log-probabilities of three digits."""
    made = json.loads(source.read_text(encoding="utf-8"))
    made["model"]["vocab"] = [[piece, round(score, 3)] for piece, score in made["model"]["vocab"]]
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, default=Path(".work/e5"))
    parser.add_argument("--out", type=Path, default=Path(".work/weights"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    weights = encoder_weights(args.base)
    quantised_pieces(weights["embeddings.word_embeddings.weight"].numpy()).save(args.out / "e5-pieces.npz")
    export(FrozenEncoder(ModelConfig.multilingual(), weights), args.out / "e5-encoder.onnx")
    (args.out / "e5-tokenizer.json").write_text(small_tokenizer(args.base / "tokenizer.json"), encoding="utf-8")
    for file in sorted(args.out.glob("e5-*")):
        print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
