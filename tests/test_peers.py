"""What other projects were measured to get wrong, each as a test that we do not.

Facts and sources: the table of peers in the design notes. Every test is named after the defect.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import pytest

import ragcompress as rc
from ragcompress.core.budget import embedded_count
from ragcompress.core.render import render
from ragcompress.core.segment import sentences
from ragcompress.methods import METHODS
from ragcompress.pruners.order import order_ends
from ragcompress.testing import word_count

TOPICS = ("river", "museum", "railway", "harvest", "observatory", "library", "harbour", "forest", "market", "mill")
QUESTION = "When was the observatory opened?"
PASSAGES = [
    rc.Passage(
        f"The {topic} lies north of the town. It was opened in {1900 + at} by the mayor. "
        f"Visitors to the {topic} pay {at} francs, children pay half. In winter the {topic} is closed on Mondays. "
        f"A path leads from the {topic} to the station, about {at + 2} kilometres away.",
        id=f"{topic}-id",
        title=topic.title(),
        score=1 - at / 20,
        metadata={"page": at},
    )
    for at, topic in enumerate(TOPICS)
]
OFFLINE = [method.name for method in METHODS if method.offline]
METHOD = pytest.mark.parametrize("method", OFFLINE)


@METHOD
@pytest.mark.parametrize("limit", [50, 200])
def test_target_of_200_tokens_gave_210(method: str, limit: int) -> None:
    """LLMLingua-2: 200 -> 210, 1000 -> 1020."""
    assert embedded_count(rc.compress(QUESTION, PASSAGES, budget=limit, compressor=method).text) <= limit


@METHOD
def test_word_limit_of_100_gave_180(method: str) -> None:
    """Haystack."""
    budget = rc.TokenBudget(100, word_count)
    assert word_count(rc.compress(QUESTION, PASSAGES, budget=budget, compressor=method).text) <= 100


@METHOD
def test_limit_of_500_gave_787_and_one_chunk_went_past_the_budget(method: str) -> None:
    """vecr, and a much-read thread; a chunk larger than the budget must be cut or left, not sent."""
    huge = [rc.Passage("The observatory was opened in 1904. " * 120), *PASSAGES]
    assert embedded_count(rc.compress(QUESTION, huge, budget=500, compressor=method).text) <= 500


@pytest.mark.parametrize("method", ["lexical", "dense", "late", "fused"])
def test_every_document_got_an_equal_share(method: str) -> None:
    """LLMLingua-2 gives each document the same share, relevant or not."""
    out = rc.compress(QUESTION, PASSAGES, budget=60, compressor=method)
    chars = dict.fromkeys(TOPICS, 0)
    for segment in out.context.segments:
        chars[TOPICS[segment.support[0].passage]] += len(segment.text)
    assert chars["observatory"] > 3 * sum(chars.values()) / len(TOPICS)


@pytest.mark.parametrize("method", ["lexical", "dense", "late", "fused"])
def test_the_question_was_ignored(method: str) -> None:
    """LLMLingua-2."""
    texts = {rc.compress(f"When was the {t} opened?", PASSAGES, budget=40, compressor=method).text for t in TOPICS}
    assert len(texts) == len(TOPICS)


def test_the_constructor_failed_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """LLMLingua: its fixed token encoding is fetched when it is constructed."""
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "import ragcompress as rc\n"
        "for name in sys.argv[1:]: assert rc.compress('Who wrote it?', ['Ada wrote it. It rained.'], 5, name).text\n"
    )
    subprocess.run([sys.executable, "-c", code, "lexical", "dense", "late", "fused"], check=True)


def test_only_one_fixed_tokenizer_could_count() -> None:
    """LLMLingua again: the reader's own counter is what must hold."""
    monstrous = rc.TokenBudget(300, lambda text: 3 * len(text) + 7)
    assert monstrous.count(rc.compress(QUESTION, PASSAGES, budget=monstrous).text) <= 300


@METHOD
def test_no_offsets_to_the_source(method: str) -> None:
    """None of 18 peers returns them."""
    out = rc.compress(QUESTION, PASSAGES, budget=80, compressor=method)
    assert out.context.segments
    for segment in out.context.segments:
        for span in segment.support:
            assert PASSAGES[span.passage].text[span.start : span.end] == segment.text


@pytest.mark.parametrize("size", range(1, 12))
def test_ends_first_order_put_the_best_last_when_even(size: int) -> None:
    """LongContextReorder of LangChain and LlamaIndex; right for all n: d1, d3, d5, ..., d6, d4, d2."""
    passages = [rc.Passage(f"Passage {at}.", score=1 - at / 100) for at in range(size)]
    out = order_ends(rc.Context.of("q", passages), rc.TokenBudget(10_000, len))
    order = [segment.support[0].passage for segment in out.segments]
    assert order == [*range(0, size, 2), *reversed(range(1, size, 2))]


@METHOD
def test_the_output_was_longer_than_the_input(method: str) -> None:
    """LlamaIndex's SentenceEmbeddingOptimizer: 103 -> 168 characters."""
    for passages in (PASSAGES, ["One."], ["Short one.", "And two."], ["a\n\nb\n\nc"]):
        whole = render(rc.Context.of(QUESTION, passages))
        assert len(rc.compress(QUESTION, passages, budget=100_000, compressor=method).text) <= len(whole)


@METHOD
def test_reading_order_was_lost(method: str) -> None:
    """LlamaIndex's SentenceEmbeddingOptimizer."""
    spans = [s.support[0] for s in rc.compress(QUESTION, PASSAGES, budget=120, compressor=method).context.segments]
    within = [[span for span in spans if span.passage == at] for at in range(len(PASSAGES))]
    assert all(group == sorted(group) for group in within)


@METHOD
def test_the_input_was_mutated(method: str) -> None:
    """LlamaIndex's SentenceEmbeddingOptimizer changes the node it is given."""
    given = copy.deepcopy(PASSAGES)
    out = rc.compress(QUESTION, given, budget=40, compressor=method)
    assert given == PASSAGES
    assert all(a is b for a, b in zip(out.context.passages, given, strict=True))


@METHOD
def test_zero_sentences_raised(method: str) -> None:
    """LlamaIndex's SentenceEmbeddingOptimizer; empty is legal here."""
    for passages in ([], [""], [" \n "], ["...", ""]):
        assert rc.compress(QUESTION, passages, budget=10, compressor=method).tokens_out <= 10
    assert rc.compress(QUESTION, PASSAGES, budget=0, compressor=method).text == ""


CHINESE = "东京塔高333米。它建于1958年。那天下雨了。许多游客前来参观。塔上有两个观景台。"
JAPANESE = "東京タワーの高さは333メートルです。1958年に建てられました。雨が降っていました。展望台が二つあります。"


@pytest.mark.parametrize("text", [CHINESE, JAPANESE])
@METHOD
def test_chinese_and_japanese_were_garbled(text: str, method: str) -> None:
    """LLMLingua, open since 2023: half characters and replacement marks."""
    out = rc.compress("333", [text], budget=25, compressor=method)
    assert "\ufffd" not in out.text
    pieces = [segment.text.strip() for segment in out.context.segments]
    assert pieces
    assert all(piece in text for piece in pieces)


@METHOD
def test_words_were_glued(method: str) -> None:
    """LLMLingua: what stands on either side of a cut became one word."""
    known = {word for passage in PASSAGES for word in f"{passage.title} {passage.text}".split()} | {"…"}
    for limit in (15, 40, 90):
        assert set(rc.compress(QUESTION, PASSAGES, budget=limit, compressor=method).text.split()) <= known


@pytest.mark.parametrize("method", ["lexical", "dense", "late", "fused"])
def test_long_passages_were_cut_at_512_tokens(method: str) -> None:
    """What the question asks for stands far beyond any encoder's window."""
    filler = " ".join(f"The {topic} is closed on day {at}." for at in range(35) for topic in TOPICS[:4])
    text = f"{filler} The observatory was opened in 1904 by the mayor. {filler}"
    assert embedded_count(text[: text.index("1904")]) > 2 * 512
    assert "1904" in rc.compress(QUESTION, [text], budget=40, compressor=method).text


def test_most_splitters_know_english_only() -> None:
    """Sentences are found in every script, and tile the text."""
    for text in (CHINESE, JAPANESE, "पुल खुला। किसने बनाया?", "فُتح الجسر. من بناه؟", "Мост открыт. Кто строил?"):
        spans = sentences(text)
        assert len(spans) >= 2
        assert "".join(text[start:end] for start, end in spans) == text


def langchain_documents() -> Any:
    core = pytest.importorskip("langchain_core.documents")
    return [core.Document(p.text, id=p.id, metadata=dict(p.metadata)) for p in PASSAGES]


@pytest.mark.parametrize("filter_by", ["budget", "redundancy", "top_n"])
def test_the_id_and_the_score_were_dropped(filter_by: str) -> None:
    """LangChain's EmbeddingsFilter, EmbeddingsRedundantFilter and LLMChainExtractor."""
    documents = langchain_documents()
    from ragcompress.integrations.langchain import RagCompressor
    from ragcompress.pruners.redundancy import drop_redundant

    settings = {
        "budget": {"budget": 60},
        "redundancy": {"compressor": drop_redundant, "budget": 200},
        "top_n": {"top_n": 2},
    }
    out = RagCompressor(**settings[filter_by]).compress_documents(documents, QUESTION)
    assert out
    known = {document.id: document for document in documents}
    for document in out:
        assert document.metadata["page"] == known[document.id].metadata["page"]
        assert isinstance(document.metadata["relevance_score"], float)


def test_every_node_got_all_nodes_metadata() -> None:
    """LlamaIndex's LongLLMLingua."""
    documents = langchain_documents()
    from ragcompress.integrations.langchain import RagCompressor

    for document in RagCompressor(budget=100).compress_documents(documents, QUESTION):
        source = next(given for given in documents if given.id == document.id)
        assert set(document.metadata) == {*source.metadata, "relevance_score", "ragcompress"}
        assert document.metadata["page"] == source.metadata["page"]


def test_compression_was_invisible_in_traces() -> None:
    """LangChain's compressors emit no run."""
    documents = langchain_documents()
    from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

    from ragcompress.integrations.langchain import RagCompressor

    runs = RunCollectorCallbackHandler()
    RagCompressor(budget=40).compress_documents(documents, QUESTION, callbacks=[runs])
    (run,) = runs.traced_runs
    assert run.name == "RagCompressor"
    assert run.inputs["query"] == QUESTION
    assert run.outputs
    assert run.end_time is not None


def test_the_missing_async_twin_raised() -> None:
    """LangChain middleware with only one of the twins fails in the other world."""
    pytest.importorskip("langchain.agents")
    from langchain.agents.middleware import AgentMiddleware

    from ragcompress.integrations.langchain import ContextCompressionMiddleware

    for name in ("wrap_tool_call", "awrap_tool_call", "wrap_model_call", "awrap_model_call"):
        assert getattr(ContextCompressionMiddleware, name) is not getattr(AgentMiddleware, name)


@METHOD
def test_characters_were_counted_where_tokens_were_meant(method: str) -> None:
    """Every figure of a result is in tokens of the budget's own counter."""
    out = rc.compress(QUESTION, PASSAGES, budget=rc.TokenBudget(70, word_count), compressor=method)
    assert out.tokens_out == word_count(out.text)
    assert out.tokens_in == word_count(render(rc.Context.of(QUESTION, PASSAGES)))
    assert out.kept_fraction == out.tokens_out / out.tokens_in


def test_a_failed_part_took_the_whole_answer_with_it() -> None:
    """Nobody is fail-open; here the caller still gets a context within budget, and the reason."""

    def broken(context: rc.Context, budget: rc.TokenBudget) -> rc.Context:
        raise TimeoutError("the model is gone")

    out = rc.compress(QUESTION, PASSAGES, budget=50, compressor=broken)
    assert 0 < embedded_count(out.text) <= 50
    assert "the model is gone" in out.warnings[0]
