import numpy as np
import pytest

import ragcompress as rc
from ragcompress.generators.promptreps import PromptEncoder, PromptRepsRetriever

PASSAGES = [rc.Passage("The tower is tall.", "t"), rc.Passage("Ada wrote it.", "a", "Ada"), rc.Passage("", "e")]


def test_one_forward_gives_both_vectors(causal):
    vector, weights = PromptEncoder(causal).read("The tower is tall.")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    words = causal[1]
    begins = {words(word, add_special_tokens=False)["input_ids"][0] for word in ("the", "tower", "is", "tall")}
    assert set(weights) <= begins
    assert all(value > 0 for value in weights.values())


def test_retrieval_is_complete_ordered_and_repeatable(causal):
    retriever = PromptRepsRetriever.build(PASSAGES, PromptEncoder(causal))
    found = retriever.retrieve("How tall is the tower?", k=3)
    assert {passage.id for passage in found} == {"t", "a", "e"}
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert found == retriever.retrieve("How tall is the tower?", k=3)
    assert len(retriever.retrieve("x", k=1)) == 1


def test_the_same_text_is_found_first(causal):
    retriever = PromptRepsRetriever.build(PASSAGES, PromptEncoder(causal))
    vector, _ = PromptEncoder(causal).read("The tower is tall.")
    assert int(np.argmax(retriever._dense @ vector)) == 0


def test_edges(causal):
    assert PromptRepsRetriever.build([], PromptEncoder(causal)).retrieve("x") == []
    with pytest.raises(rc.InvalidInput):
        PromptRepsRetriever.build(["a"], "gpt2")
