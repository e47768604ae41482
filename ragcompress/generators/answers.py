"""An answer from each evidence alone, the best by the generator's own score (Lazaridou et al. 2022).

The usual way puts all evidence into one prompt. Asked passage by passage a generator can't be led astray by the
others, every answer has its source, and the answers can be ranked by how sure the generator was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.prompt import prompt
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Passage
from ragcompress.generators.loading import Loaded, load

__all__ = ["Answered", "CausalAnswerer", "Evidence", "ScoredGenerator", "answer_each"]

ScoredGenerator = Callable[[str], tuple[str, float]]
"""A prompt to its completion and its log-probability; higher means surer."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one passage alone led to.

    Attributes:
        passage: The passage's number.
        text: The answer; "" when there was none.
        score: Its log-probability, higher is surer.
    """

    passage: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The chosen answer.

    Attributes:
        text: The answer; "" when no passage gave one.
        score: Higher is surer: the log-probability of the best (``by="score"``), or the share of all probability that
            fell on this answer (``by="votes"``).
        each: What every passage led to, in passage order.
    """

    text: str
    score: float
    each: tuple[Evidence, ...]


def answer_each(
    generate: ScoredGenerator,
    question: str,
    passages: Context | Iterable[str | Passage],
    *,
    by: Literal["score", "votes"] = "score",
    nothing: Sequence[str] = ("i do not know", "i don't know", "unknown", "unanswerable"),
) -> Answered:
    """Ask once per passage and choose.

    Args:
        generate: Prompt -> (answer, log-probability).
        question: What is asked.
        passages: Passages, or a compressed context, of which each passage's kept segments are shown.
        by: ``"score"``: the surest answer; ``"votes"``: probabilities of equal answers are summed.
        nothing: Beginnings of answers that mean none.

    Raises:
        InvalidInput: ``by`` is neither.
    """
    if by not in ("score", "votes"):
        raise InvalidInput(f"by must be 'score' or 'votes', not {by!r}")
    context = passages if isinstance(passages, Context) else Context.of(question, passages)
    found: list[Evidence] = []
    for at, shown in sorted(_by_passage(context).items()):
        text, score = generate(prompt(question, shown))
        bare = text.strip()
        none = bare.casefold().startswith(tuple(nothing))
        found.append(Evidence(at, "" if none else bare, float(score)))
    usable = [one for one in found if one.text]
    if not usable:
        return Answered("", 0.0 if by == "votes" else -math.inf, tuple(found))
    best, score = _most_sure(usable) if by == "score" else _most_voted(usable)
    return Answered(best, score, tuple(found))


class CausalAnswerer:
    """A Hugging Face causal or seq2seq model as a `ScoredGenerator`, loaded at first use.

    Args:
        model: A name or folder on this machine, or a pair (model, tokenizer).
        kind: ``"causal"`` or ``"seq2seq"``.
        max_new_tokens: The longest answer.
        device: Torch device; the GPU if there is one when None.
    """

    def __init__(
        self,
        model: Any,
        *,
        kind: Literal["causal", "seq2seq"] = "causal",
        max_new_tokens: int = 32,
        device: str | None = None,
    ) -> None:
        kinds = {"causal": "AutoModelForCausalLM", "seq2seq": "AutoModelForSeq2SeqLM"}
        if kind not in kinds:
            raise InvalidInput(f"kind must be 'causal' or 'seq2seq', not {kind!r}")
        self._source, self._kind, self._tokens, self._device = model, kinds[kind], max_new_tokens, device
        self._loaded: Loaded | None = None

    def __repr__(self) -> str:
        return f"CausalAnswerer({self._source if isinstance(self._source, str) else type(self._source[0]).__name__!r})"

    def __call__(self, asked: str) -> tuple[str, float]:
        """The greedy answer's first line, and the mean log-probability of its tokens."""
        torch = require("torch", "generators")
        self._loaded = self._loaded or load(self._source, self._kind, device=self._device)
        model, tokenizer, device, name = self._loaded
        ids = tokenizer(sanitise(asked), return_tensors="pt")["input_ids"].to(device)
        with torch.inference_mode():
            out = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=self._tokens, do_sample=False,
                num_beams=1, output_scores=True, return_dict_in_generate=True, pad_token_id=tokenizer.pad_token_id,
            )  # fmt: skip
        if not out.scores:
            raise ModelError(f"{name!r} wrote nothing; its window may be full: the prompt has {ids.shape[1]} tokens")
        new = out.sequences[0][-len(out.scores) :]
        logs = [
            torch.log_softmax(step[0].float(), dim=-1)[token].item()
            for step, token in zip(out.scores, new, strict=True)
        ]
        written = tokenizer.decode(new, skip_special_tokens=True).strip()
        return (written.splitlines() or [""])[0].strip(), sum(logs) / len(logs)


def _most_sure(found: Sequence[Evidence]) -> tuple[str, float]:
    best = max(found, key=lambda one: (one.score, -one.passage))
    return best.text, best.score


def _most_voted(found: Sequence[Evidence]) -> tuple[str, float]:
    """Equal answers, case and full stop aside, put their probabilities together."""
    highest = max(one.score for one in found)
    votes: dict[str, float] = {}
    for one in found:
        key = one.text.casefold().rstrip(". ")
        votes[key] = votes.get(key, 0.0) + math.exp(one.score - highest)
    winner = max(votes, key=lambda key: votes[key])
    speakers = [one for one in found if one.text.casefold().rstrip(". ") == winner]
    return _most_sure(speakers)[0], votes[winner] / math.fsum(votes.values())


def _by_passage(context: Context) -> dict[int, str]:
    texts: dict[int, str] = {}
    for segment in context.segments:
        at = segment.support[0].passage
        texts[at] = f"{texts[at].rstrip()} {segment.text.lstrip()}" if at in texts else segment.text
    titles = {at: context.passages[at].title for at in texts}
    return {at: f"{titles[at]}\n{text.strip()}".strip() for at, text in texts.items() if text.strip()}
