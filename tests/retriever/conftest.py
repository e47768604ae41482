"""Without the ``retrieval`` extra there is nothing to test here."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = ["test_*.py"] if find_spec("faiss") is None or find_spec("bm25s") is None else []
