"""The table of product-quantised pieces."""

import io

import numpy as np

from ragcompress.models.pieces import PieceTable


def _table() -> PieceTable:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 256, size=(10, 2), dtype=np.uint8)
    return PieceTable(codes, rng.normal(size=(2, 256, 3)).astype(np.float16))


def test_a_row_is_its_parts_side_by_side() -> None:
    table = _table()
    wanted = np.concatenate([table.codebooks[part, table.codes[7, part]] for part in range(2)])
    assert np.array_equal(table.rows(np.array([7]))[0], wanted.astype(np.float32))


def test_ids_of_any_shape() -> None:
    found = _table().rows(np.array([[1, 2, 1], [0, 9, 3]]))
    assert found.shape == (2, 3, 6)
    assert found.dtype == np.float32
    assert np.array_equal(found[0, 0], found[0, 2])


def test_saved_and_loaded_gives_the_same_rows() -> None:
    file, table = io.BytesIO(), _table()
    table.save(file)
    file.seek(0)
    again = PieceTable.load(file)
    assert np.array_equal(again.rows(np.arange(10)), table.rows(np.arange(10)))
