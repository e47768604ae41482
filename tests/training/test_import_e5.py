"""The reader of E5S1 files, on a tiny one that is written here byte by byte."""

import struct
import unicodedata

import numpy as np
import pytest

from pipelines.training.import_e5 import read, tokenizer, widened
from ragcompress.core.errors import ModelError

PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("a", -2.0), ("▁ab", -1.0)]
WIDTH, INNER = 32, 64


def _block(scale: float, values: np.ndarray) -> bytes:
    """32 values of -8 to 7 times the scale."""
    nibbles = (values + 8).astype(np.uint8)
    return struct.pack("<e", scale) + (nibbles[:16] | nibbles[16:] << 4).tobytes()


def _file(tensors: list[tuple[str, int, int, bytes]], magic: bytes = b"E5S1") -> bytes:
    blob = "".join(piece for piece, _ in PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece, _ in PIECES)])
    head = magic + struct.pack("<I7ifi", 1, WIDTH, 1, 2, INNER, len(PIECES), 8, 1, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob)) + ends.astype("<u4").tobytes()
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + blob
    entries = struct.pack("<IBI", ord("\t"), 1, ord(" ")) + struct.pack("<IB", 1, 0)
    entries += struct.pack("<IBI", ord("Ａ"), 1, ord("A")) + struct.pack("<IBI", ord("¤"), 1, ord("a"))
    head += struct.pack("<iI", 4, len(entries)) + entries + struct.pack("<i", len(tensors))
    start = len(head) + sum(2 + len(name) + 21 for name, *_ in tensors)
    body = b""
    for name, kind, count, raw in tensors:
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, start, len(raw))
        start, body = start + len(raw), body + raw
    return head + body


def test_blocks_hold_low_nibbles_first() -> None:
    values = np.arange(32) % 16 - 8
    assert np.array_equal(widened(_block(0.5, values)), values * np.float32(0.5))


def test_tensors_come_under_their_hugging_face_names() -> None:
    wide = np.arange(INNER * WIDTH, dtype=np.float32) % 7
    quantised = b"".join(_block(0.25, np.full(32, row - 4)) for row in range(8))
    found = read(
        _file(
            [
                ("emb.pos", 0, 8 * WIDTH, np.zeros(8 * WIDTH, "<f4").tobytes()),
                ("emb.ln.b", 0, WIDTH, np.ones(WIDTH, "<f4").tobytes()),
                ("l0.q.w", 1, 8 * WIDTH, quantised),
                ("l0.fo.w", 0, INNER * WIDTH, wide.tobytes()),
            ]
        )
    ).tensors
    assert {name: tensor.shape for name, tensor in found.items()} == {
        "embeddings.position_embeddings.weight": (8, WIDTH),
        "embeddings.LayerNorm.bias": (WIDTH,),
        "encoder.layer.0.attention.self.query.weight": (8, WIDTH),
        "encoder.layer.0.output.dense.weight": (WIDTH, INNER),
    }
    assert found["encoder.layer.0.attention.self.query.weight"][5].tolist() == [0.25] * WIDTH


def test_the_tokenizer_reads_characters_as_the_map_says() -> None:
    checkpoint = read(_file([]))
    assert checkpoint.normalisation == {"\t": " ", "\x01": "", "Ａ": "A", "¤": "a"}
    made = tokenizer(checkpoint)
    assert made.encode("ab").tokens == ["<s>", "▁ab", "</s>"]
    assert made.encode("\x01ab\t  ¤").tokens == ["<s>", "▁ab", "▁", "a", "</s>"]
    assert made.encode("xab").ids[2] == checkpoint.special[3]
    assert unicodedata.normalize("NFKC", "Ａ") == "A"  # which is why the map's entry needs no step of its own


def test_offsets_are_those_of_the_text_as_given() -> None:
    encoding = tokenizer(read(_file([]))).encode("\x01ab\t\ta", add_special_tokens=False)
    assert ["\x01ab\t\ta"[start:end].strip() for start, end in encoding.offsets][-1] == "a"


@pytest.mark.parametrize("data", [b"", b"E5S1", _file([], magic=b"GGUF"), _file([])[:120]])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        read(data)
