"""Training examples for the reader: crops of paragraphs, gappy contexts as compressors leave them, and contexts
without an answer.

Tokens are what training costs, so an example shows only some sentences around the answer. Sentences are tokenised
once; an example is put together from their ids (WordPiece cuts at white space, so this equals tokenising the whole).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ragcompress.training.reader.corpus import Corpus, Question, Sentence
from ragcompress.training.reader.swaps import swap_question

__all__ = ["MAX_CONTEXT", "MAX_QUESTION", "Example", "draw", "draw_group"]

MAX_QUESTION, MAX_CONTEXT = 40, 240
KINDS = ("crop", "gappy", "removed", "other", "random", "swap")
WEIGHTS = (0.56, 0.20, 0.07, 0.09, 0.02, 0.06)
P_RIVALS = 0.4  # of the examples with an answer; the others are read alone
LENGTHS = ((0.60, 24, 64), (0.26, 64, 130), (0.14, 130, MAX_CONTEXT))  # share, least and most tokens of context


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids ``[CLS] question [SEP] context [SEP]`` and the right (start, end) token pairs, none: no answer.

    ``rivals`` are the same question over other passages, which do not answer it: they are read beside this one, and
    the right span must win against every span in them.
    """

    ids: tuple[int, ...]
    context_from: int
    targets: tuple[tuple[int, int], ...]
    kind: str
    rivals: tuple[Example, ...] = ()


def draw_group(
    corpus: Corpus, at: int, tokenizer: Any, rng: random.Random, *, near: Callable[[str], Sequence[int]]
) -> Example:
    """An example that, by chance, has one or two rivals.

    Args:
        corpus: Where examples come from.
        at: Number of the question.
        tokenizer: For swapped questions.
        rng: Decides everything.
        near: The paragraphs most like a question by words, best first.
    """
    first = draw(corpus, at, tokenizer, rng)
    if not first.targets or rng.random() >= P_RIVALS:
        return first
    asked = replace(corpus.questions[at], spans=())
    own = corpus.questions[at].paragraph
    likely = [number for number in near(asked.text) if number != own]
    pool = rng.sample(likely, min(len(likely), 2)) + _siblings(corpus, asked, rng)[:1]
    rng.shuffle(pool)
    room = len(first.ids) - first.context_from  # like lengths need no padding
    pieces = [_elsewhere(corpus, asked, [number], room, rng) for number in pool[: rng.randint(1, 2)]]
    rivals = tuple(_assemble(corpus, asked, piece, "rival", rng) for piece in pieces if piece)
    return replace(first, rivals=rivals)


def draw(corpus: Corpus, at: int, tokenizer: Any, rng: random.Random, kind: str | None = None) -> Example:
    """One example for question number ``at``, of a random kind; a kind that can't be made becomes a crop."""
    question = corpus.questions[at]
    kind = kind or rng.choices(KINDS, WEIGHTS)[0]
    room = _length(rng)
    context: list[_Piece] = []
    if kind in ("other", "random"):
        pool = _siblings(corpus, question, rng) if kind == "other" else _any(corpus, rng)
        context = _elsewhere(corpus, question, pool, room, rng)
    elif kind == "removed":
        context = _removed(corpus, question, room, rng)
    elif kind == "swap":
        swapped = swap_question(question.text, [corpus.questions[q].text for q in _neighbours(corpus, question)], rng)
        if swapped:
            ids = tokenizer.encode(swapped, add_special_tokens=False).ids
            question = replace(question, ids=tuple(ids), spans=())
            context = _crop(corpus, corpus.questions[at], room, rng)
    elif kind == "gappy":
        context = _gappy(corpus, question, room, rng)
    if not context:
        kind, question, context = "crop", corpus.questions[at], _crop(corpus, corpus.questions[at], room, rng)
    if kind in ("other", "random", "removed"):
        question = replace(question, spans=())
    return _assemble(corpus, question, context, kind, rng)


_Piece = tuple[int, int]  # paragraph number, sentence number


def _length(rng: random.Random) -> int:
    _, low, high = rng.choices(LENGTHS, [weight for weight, _, _ in LENGTHS])[0]
    return rng.randint(low, high)


def _size(corpus: Corpus, pieces: Iterable[_Piece]) -> int:
    return sum(len(corpus.paragraphs[p].sentences[s].ids) for p, s in pieces)


def _answering(corpus: Corpus, question: Question) -> list[int]:
    """The sentences that a right span overlaps."""
    rows = corpus.paragraphs[question.paragraph].sentences
    return [
        at
        for at, row in enumerate(rows)
        if any(row.offsets[0][0] < end and row.offsets[-1][1] > start for start, end in question.spans)
    ]


def _crop(corpus: Corpus, question: Question, room: int, rng: random.Random) -> list[_Piece]:
    """Neighbouring sentences around one that answers, about ``room`` tokens."""
    rows = corpus.paragraphs[question.paragraph].sentences
    right = _answering(corpus, question)
    at = rng.choice(right) if right else 0
    low = high = at
    while (low > 0 or high + 1 < len(rows)) and _size(
        corpus, ((question.paragraph, s) for s in range(low, high + 1))
    ) < room:
        if low > 0 and (high + 1 >= len(rows) or rng.random() < 0.5):
            low -= 1
        else:
            high += 1
    if question.spans and len(right) > 1 and right[-1] - right[0] == len(right) - 1 and len(question.spans) == 1:
        low, high = (
            min(low, right[0]),
            max(high, right[-1]),
        )  # an answer that crosses a sentence border stays whole
    return [(question.paragraph, s) for s in range(low, high + 1)]


def _gappy(corpus: Corpus, question: Question, room: int, rng: random.Random) -> list[_Piece]:
    """What a compressor leaves: the answering sentences, some others, fragments of other paragraphs, gaps between."""
    own = _answering(corpus, question)
    rest = [s for s in range(len(corpus.paragraphs[question.paragraph].sentences)) if s not in own]
    kept = sorted(own + rng.sample(rest, min(len(rest), rng.randint(0, 2))))
    blocks = [[(question.paragraph, s) for s in kept]]
    for other in rng.sample(_others(corpus, question), k=min(len(_others(corpus, question)), rng.randint(1, 3))):
        rows = range(len(corpus.paragraphs[other].sentences))
        block = [(other, s) for s in sorted(rng.sample(rows, min(len(rows), rng.randint(1, 2))))]
        if sum(_size(corpus, b) for b in (*blocks, block)) <= max(room, 60):
            blocks.append(block)
    rng.shuffle(blocks)
    return [piece for block in blocks for piece in block]


def _removed(corpus: Corpus, question: Question, room: int, rng: random.Random) -> list[_Piece]:
    """The paragraph without any sentence that names the answer: the hardest place to abstain."""
    rows = corpus.paragraphs[question.paragraph].sentences
    kept = [s for s in range(len(rows)) if not _names_answer(corpus, question, question.paragraph, s)]
    start = rng.randrange(len(kept)) if kept else 0
    result: list[_Piece] = []
    for s in kept[start:] + kept[:start]:
        if result and _size(corpus, result) >= room:
            break
        result.append((question.paragraph, s))
    return sorted(result)


def _siblings(corpus: Corpus, question: Question, rng: random.Random) -> list[int]:
    """Some other paragraphs of the article, the nearest by words first."""
    others = _others(corpus, question)
    asked = set(question.ids)
    pool = rng.sample(others, min(len(others), 6))
    return sorted(pool, key=lambda p: -len(asked & {i for row in corpus.paragraphs[p].sentences for i in row.ids}))


def _any(corpus: Corpus, rng: random.Random) -> list[int]:
    return [rng.randrange(len(corpus.paragraphs)) for _ in range(2)]


def _elsewhere(corpus: Corpus, question: Question, pool: Iterable[int], room: int, rng: random.Random) -> list[_Piece]:
    """Sentences that do not name the answer, of the first paragraph in the pool that has any."""
    for other in pool:
        rows = range(len(corpus.paragraphs[other].sentences))
        start = rng.randrange(max(len(rows) // 2, 1)) if rows else 0
        picked: list[_Piece] = []
        for s in rows[start:]:
            if picked and _size(corpus, picked) >= room:
                break
            if not _names_answer(corpus, question, other, s):
                picked.append((other, s))
        if picked:
            return picked
    return []


def _others(corpus: Corpus, question: Question) -> list[int]:
    article = corpus.paragraphs[question.paragraph].article
    return [p for p in corpus.by_article[article] if p != question.paragraph]


def _neighbours(corpus: Corpus, question: Question) -> Sequence[int]:
    return corpus.questions_by_article[corpus.paragraphs[question.paragraph].article]


def _names_answer(corpus: Corpus, question: Question, paragraph: int, sentence: int) -> bool:
    row = corpus.paragraphs[paragraph].sentences[sentence]
    text = corpus.paragraphs[paragraph].text[row.offsets[0][0] : row.offsets[-1][1]].lower()
    own = paragraph == question.paragraph and sentence in _answering(corpus, question)
    return own or any(answer.lower() in text for answer in question.answers)


def _assemble(corpus: Corpus, question: Question, context: list[_Piece], kind: str, rng: random.Random) -> Example:
    """Token ids and targets; text beyond `MAX_CONTEXT` is cut from the side without the answer."""
    ids: list[int] = []
    right: list[tuple[int, int, int]] = []
    gap = rng.choice(corpus.gaps)
    before: _Piece | None = None
    for p, s in context:
        paragraph = corpus.paragraphs[p]
        new_block = before is None or before[0] != p
        if new_block and rng.random() < 0.12:
            ids += paragraph.title_ids
        elif before is not None and not new_block and s != before[1] + 1:
            ids += gap
        row = paragraph.sentences[s]
        if p == question.paragraph:
            right += _targets(row, question.spans, len(ids))
        ids += row.ids
        before = (p, s)
    targets = _join_borders(right)
    shift = max(0, max((end for _, end in targets[:1]), default=0) - MAX_CONTEXT + 8)
    ids = ids[shift : shift + MAX_CONTEXT]
    head = [corpus.cls, *question.ids[:MAX_QUESTION], corpus.sep]
    lead = len(head) - shift
    kept = tuple((a + lead, b + lead) for a, b in targets if a >= shift and b < shift + len(ids))
    return Example((*head, *ids, corpus.sep), len(head), kept, kind)


def _targets(row: Sentence, spans: Sequence[tuple[int, int]], base: int) -> list[tuple[int, int, int]]:
    """Token pairs of the spans (or the parts of them) that lie in a sentence, with the number of their span."""
    result = []
    for number, (start, end) in enumerate(spans):
        inside = [at for at, (a, b) in enumerate(row.offsets) if a < end and b > start]
        if inside:
            result.append((base + inside[0], base + inside[-1], number))
    return result


def _join_borders(parts: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Parts of one span that follow each other across a sentence border are one target."""
    joined: dict[int, tuple[int, int]] = {}
    for start, end, number in parts:
        low, high = joined.get(number, (start, end))
        joined[number] = (min(low, start), max(high, end))
    return list(joined.values())
