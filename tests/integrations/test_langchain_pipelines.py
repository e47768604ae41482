"""The example pipelines run, offline."""

from __future__ import annotations

import sys
from typing import Any

import pytest

pytest.importorskip("langchain.agents")
pytest.importorskip("faiss")

from langchain_core.documents import Document

from pipelines import langchain_rag
from ragcompress.core.budget import embedded_count
from ragcompress.testing import FakeEncoder, fake_chat_model


def test_the_chain_the_retriever_and_the_agent(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    store = langchain_rag.make_store(FakeEncoder())
    monkeypatch.setattr(langchain_rag, "make_store", lambda: store)
    monkeypatch.setattr(sys, "argv", ["langchain_rag", "--budget", "80"])
    langchain_rag.main()
    told = capsys.readouterr().out
    assert "== What the chain's model was sent" in told
    assert "Question: " in told
    assert "tokens, sent on:" in told


def test_the_chain_holds_its_budget() -> None:
    model = fake_chat_model(["an answer"])
    chain = langchain_rag.classic_chain(langchain_rag.make_store(FakeEncoder()), model, budget=50)
    assert chain.invoke("How fast may trains go?") == "an answer"
    context = model.seen[0][0].content.split("\n\n", 1)[1].rsplit("\n\nQuestion:", 1)[0]
    assert 0 < embedded_count(context) <= 50


def test_the_comparison_counts_right() -> None:
    versus = pytest.importorskip("pipelines.proofs.versus_langchain")
    from eval.questions import Question
    from ragcompress.core.types import Passage

    class Keeps:
        def __init__(self, number: int) -> None:
            self.number = number

        def compress_documents(self, documents: list[Document], query: str) -> list[Document]:
            return documents[: self.number]

    questions = [
        Question(str(at), "Who?", ("Ada",), (Passage("Ada wrote it."), Passage("It rained."), Passage("Bob.")))
        for at in range(4)
    ]
    one = versus.System("one", lambda tokens: Keeps(1))
    budgets: list[int] = []
    half = versus.System("half", lambda tokens: budgets.append(tokens) or Keeps(0), ("one", 0.5))
    assert list(versus.run([one, half], questions)) == [1, 2, 3, 4]
    assert (one.hits, half.hits) == ([1.0] * 4, [0.0] * 4)
    assert one.tokens == [4] * 4
    assert budgets == [50, 2, 2, 2, 2]
    lines = list(versus.table([one, half], questions))
    assert any(line.startswith("| one | 100.0% [100.0%, 100.0%] | 4 |") for line in lines)
    assert lines[-1].startswith("half minus one: answer recall -100.0 points")
