"""The protocols of published work, as far as they are protocols: data, passages, prompt, metrics and budgets.

A preset does not carry the papers' readers or corpora. It says what to bring (a causal LM, a Wikipedia dump with a
retriever) and fixes the rest, so that a user who has them gets numbers that can stand beside the paper's. Without
them the preset runs on the dev files here with the embedded reader, which shows the protocol and not the paper's table.
"""

from __future__ import annotations

from dataclasses import dataclass

from ragcompress.core.errors import InvalidInput

__all__ = ["PRESETS", "Preset", "preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """One paper's protocol.

    Attributes:
        paper: Where it is from.
        data: Data sets here that stand for the paper's.
        passages: Passages a question gets.
        budgets: Fractions of the tokens; empty: the method's own threshold decides.
        unit: What the paper cuts into.
        metrics: What it reports.
        reader: What it reads with.
        prompt: Its prompt's form, for `eval.readers.generative`.
        differs: Where this run departs from it.
    """

    paper: str
    data: tuple[str, ...]
    passages: int
    budgets: tuple[float, ...]
    unit: str
    metrics: tuple[str, ...]
    reader: str
    prompt: str
    differs: str


PRESETS: dict[str, Preset] = {
    "recomp": Preset(
        paper="RECOMP, Xu, Shi and Choi 2023 (arXiv 2310.04408)",
        data=("nq_multi10_dev", "hotpot_dev"),
        passages=5,
        budgets=(0.05, 0.1),
        unit="sentence; one is kept for NQ and TriviaQA, two for HotpotQA",
        metrics=("tokens", "EM", "F1"),
        reader="Flan-UL2 (20B), few-shot",
        prompt="{context}\n\n{question}\nAnswer:",
        differs="5 given passages instead of Contriever over Wikipedia; a token budget instead of a sentence count",
    ),
    "provence": Preset(
        paper="Provence, Chirkova et al. 2025 (arXiv 2501.16214)",
        data=("nq_multi10_dev", "hotpot_dev", "musique_dev", "squad_dev_multi"),
        passages=5,
        budgets=(0.1, 0.2, 0.3, 0.5),
        unit="sentence, by a threshold on its tokens",
        metrics=("kept fraction", "answer recall", "F1"),
        reader="LLaMA-2-7B-chat; match by an LLM judge",
        prompt="Background:\n{context}\n\nQuestion: {question}",
        differs="5 given passages instead of SPLADE and a re-ranker over Wikipedia; F1 instead of an LLM judge; "
        "tokens instead of the paper's share of characters removed",
    ),
    "exit": Preset(
        paper="EXIT, Hwang et al. 2024 (arXiv 2412.12559)",
        data=("nq_multi20_dev", "hotpot_dev", "2wiki_dev"),
        passages=5,
        budgets=(0.1, 0.2, 0.3),
        unit="sentence, judged in its document",
        metrics=("EM", "F1", "tokens", "latency"),
        reader="Llama-3.1-8B and 70B Instruct",
        prompt="Context information is below.\n{context}\n\nQuestion: {question}\nAnswer:",
        differs="5 given passages instead of Contriever over Wikipedia",
    ),
}


def preset(name: str) -> Preset:
    """The preset called ``name``.

    Raises:
        InvalidInput: There is none.
    """
    if name not in PRESETS:
        raise InvalidInput(f"no preset {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name]
