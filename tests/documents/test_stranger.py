"""A stranger's folder: indexed in one go, and what is asked of it is found and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("faiss", reason="needs the extra 'faiss'")
pytest.importorskip("docx", reason="needs the extra 'documents'")

from pipelines.proofs.stranger import holds, indexed, looked_for
from pipelines.proofs.stranger_files import ASKED, write_folder
from ragcompress.retriever import HybridRetriever

pytestmark = pytest.mark.slow


def test_a_strangers_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "folder", filler=10)
    said = indexed(tmp_path / "folder", tmp_path / "index")
    assert "skipped 4 files" in said
    found = list(looked_for(HybridRetriever.load(tmp_path / "index"), ASKED))
    assert sum(each.right for each in found) >= 19
    assert sum(holds(each.kept[0], each.asked.wanted) for each in found) >= 19
    assert sum(holds(each.kept[1], each.asked.wanted) for each in found) >= 18
