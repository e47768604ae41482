"""Every method by name: what the command line, the evaluation and ``compress(compressor="…")`` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from ragcompress.core.compressor import Chain
from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.protocols import Compressor
from ragcompress.generators.loading import find
from ragcompress.pruners import baselines
from ragcompress.pruners.abstractive import AbstractivePruner
from ragcompress.pruners.cascade import Cascade
from ragcompress.pruners.classifier import ClassifierPruner
from ragcompress.pruners.cluster import ClusterPruner
from ragcompress.pruners.companions import KeepWith
from ragcompress.pruners.extractive import SentencePruner
from ragcompress.pruners.labelling import LabellingPruner
from ragcompress.pruners.order import Order
from ragcompress.pruners.perplexity import PerplexityPruner
from ragcompress.pruners.protect import Protect
from ragcompress.pruners.redundancy import Diverse, drop_redundant, mmr
from ragcompress.pruners.words import WordPruner
from ragcompress.scorers import DenseScorer, FusedScorer, GuardedScorer, LateInteractionScorer, LexicalScorer
from ragcompress.scorers.labels import LabelScorer
from ragcompress.scorers.second_pass import SecondPass

__all__ = ["DEFAULT", "METHODS", "Method", "by_relevance", "deciding", "default", "needs_budget", "resolve"]


DEFAULT = "labeller"


@dataclass(frozen=True, slots=True)
class Method:
    """One row of ``ragcompress methods``.

    Attributes:
        name: What to write.
        summary: What it does, in a line.
        paper: Where it comes from.
        needs: Extras or models beyond the bare package; "" for none.
        offline: Whether it runs without network as installed.
        build: Makes the compressor; None when only the user can say which model it is to use.
        of_model: Makes the compressor from a model's name or folder, for ``name:model``; None when it takes none.
        dynamic: The same two for when there is no budget: from a model's name, or from "" for the method's own. None
            when the method keeps whatever a budget holds, and so needs one.
    """

    name: str
    summary: str
    paper: str
    needs: str
    offline: bool
    build: Callable[[], Compressor] | None
    of_model: Callable[[str], Compressor] | None = None
    dynamic: Callable[[str], Compressor] | None = None


def _dynamic_labeller(model: str) -> Compressor:
    return LabellingPruner.of_model(model, dynamic=True) if model else LabellingPruner.dynamic()


def _student() -> Compressor:
    return LabellingPruner(GuardedScorer(LabelScorer.student()))


METHODS: tuple[Method, ...] = (
    Method("truncate", "the first tokens", "baseline", "", True, lambda: baselines.truncate),
    Method("passages", "whole passages, best first", "baseline", "", True, lambda: baselines.top_passages),
    Method("lead", "first sentences of every passage", "baseline", "", True, lambda: baselines.lead),
    Method("random", "random sentences", "baseline", "", True, lambda: baselines.random),
    Method(
        "lexical", "sentences by BM25, any language", "Robertson and Zaragoza 2009", "", True,
        lambda: SentencePruner(LexicalScorer()),
    ),
    Method(
        "dense", "sentences by contextual cosine", "RECOMP, Xu et al. 2023", "", True,
        lambda: SentencePruner(GuardedScorer(DenseScorer())),
    ),
    Method(
        "late", "sentences by late interaction", "ColBERT, Khattab and Zaharia 2020", "", True,
        lambda: SentencePruner(GuardedScorer(LateInteractionScorer())),
    ),
    Method(
        "fused", "sentences by cosine, late interaction and BM25 together", "ragcompress", "", True,
        lambda: SentencePruner(GuardedScorer(FusedScorer())),
    ),
    Method(
        "labeller", "sentences by our own model, which reads them together with the question",
        "Provence, Chirkova et al. 2025; PreTTR, MacAvaney et al. 2020", "", True, LabellingPruner,
        LabellingPruner.of_model, _dynamic_labeller,
    ),
    Method(
        "student", "the labeller without reading them together: quicker, most of all with stored states",
        "IDCM, Hofstätter et al. 2021", "", True, _student, None,
        lambda _: LabellingPruner.dynamic(scorer=LabelScorer.student()),
    ),
    Method(
        "hops", "fused, scored again with what the first pass found; for multi-hop questions",
        "MDR, Xiong et al. 2021", "", True, lambda: SentencePruner(SecondPass()),
    ),
    Method(
        "cascade", "the student chooses half the passages, the labeller their sentences",
        "IDCM, Hofstätter et al. 2021", "", True, Cascade,
    ),
    Method(
        "cluster", "each group of like sentences heard once, most relevant first", "CRAG, Akesson and Santos 2024", "",
        True, ClusterPruner,
    ),
    Method(
        "redundancy", "near-duplicates dropped, the best of the rest by BM25", "Broder 1997", "", True,
        lambda: drop_redundant,
    ),
    Method(
        "mmr", "relevant and unlike what is kept already", "Carbonell and Goldstein 1998", "", True, lambda: mmr
    ),
    Method(
        "words", "relevant sentences less their lightest words", "TCRA-LLM, Liu et al. 2023", "", True, WordPruner
    ),
    Method(
        "labelled-words", "the labeller's sentences less the words it thinks least part of an answer",
        "Provence, Chirkova et al. 2025; LLMLingua-2, Pan et al. 2024", "", True, WordPruner.labelled,
    ),
    Method(
        "abstractive", "passages summarised for the query, faithfulness checked", "RECOMP, Xu et al. 2023",
        "generators; a seq2seq or chat model: AbstractivePruner(model)", False, None, AbstractivePruner,
    ),
    Method(
        "perplexity", "what the question makes likely stays, guessable words go", "LongLLMLingua, Jiang et al. 2023",
        "generators; a causal language model: PerplexityPruner(model)", False, None, PerplexityPruner,
    ),
    Method(
        "classifier", "relevant sentences less what a token classifier drops", "LLMLingua-2, Pan et al. 2024",
        "generators; a token classifier: ClassifierPruner(model)", False, None, ClassifierPruner,
    ),
    Method(
        "refine", "a chat model's verbatim extracts under titles, each looked up in its source",
        "Refiner, Li et al. 2024", "a LangChain chat model or any str -> str: RefinePruner(model)", False, None,
    ),
)  # fmt: skip


def resolve(name: str, *, dynamic: bool = False) -> Compressor:
    """The compressor called ``name``, or ``name:model`` for a method that takes one.

    Args:
        name: As listed in `METHODS`.
        dynamic: There is no budget: a method that can decide itself how much to keep is to do so.

    Raises:
        InvalidInput: There is none; the message names the nearest. Or it needs a model, or a budget; the message says
            so.
        MissingExtra: It needs a package that is not installed.
        ModelError: The model is not on this machine.
    """
    name, _, model = name.partition(":")
    for method in METHODS:
        if method.name == name:
            if model and method.of_model and not model.endswith(".json"):
                _find(model)
            if dynamic and method.dynamic:
                return method.dynamic(model)
            built = _build(method, model)
            if dynamic:
                raise _needs_budget(f"the method {name!r}")
            return built
    names = [method.name for method in METHODS]
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
    raise InvalidInput(f"no method is called {name!r}; {hint}")


def _find(model: str) -> None:
    """Refuse a model that can't be had, now and not when the first passages come."""
    require("torch", "generators")
    require("transformers", "generators")
    find(model)


def _build(method: Method, model: str) -> Compressor:
    if model and method.of_model:
        return method.of_model(model)
    if model:
        raise InvalidInput(f"the method {method.name!r} takes no model by name; write {method.name!r} alone")
    if method.build:
        return method.build()
    constructor = method.needs.rpartition(": ")[2]
    by_name = f", or name one that is on this machine: '{method.name}:MODEL'" if method.of_model else ""
    raise InvalidInput(
        f"the method {method.name!r} needs a model of your choice: pass compressor=ragcompress.{constructor}{by_name}"
    )


def deciding(compressor: Compressor) -> Compressor:
    """A compressor as it works without a budget.

    A plain function may decide as it likes. Of ours, those decide that have a rule or threshold, and a chain does with
    one link that does; an order has nothing to decide.

    Raises:
        InvalidInput: It keeps whatever a budget holds, so that without one it would keep everything.
    """
    if needs_budget(compressor):
        raise _needs_budget(getattr(compressor, "__name__", None) or repr(compressor))
    if isinstance(compressor, LabellingPruner):
        return compressor.deciding()
    if isinstance(compressor, Chain):
        return Chain(tuple(link if needs_budget(link) else deciding(link) for link in compressor.links))
    return compressor


def needs_budget(compressor: Compressor | str | None) -> bool:
    """Whether a compressor, or a method by its name, keeps as much as a budget holds and so needs one."""
    if compressor is None or isinstance(compressor, str):
        name = (compressor or DEFAULT).partition(":")[0]
        return any(method.name == name and method.dynamic is None for method in METHODS)
    if isinstance(compressor, Chain):
        links = [link for link in compressor.links if not isinstance(link, Order)]
        return bool(links) and all(map(needs_budget, links))
    if isinstance(compressor, SentencePruner):
        return compressor.threshold is None
    if isinstance(compressor, ClusterPruner):
        return compressor.k is None
    filling = (AbstractivePruner, Cascade, ClassifierPruner, Diverse, KeepWith, PerplexityPruner, Protect)
    baseline = (baselines.truncate, baselines.top_passages, baselines.lead, baselines.random)
    return isinstance(compressor, (*filling, WordPruner)) or compressor in baseline


def by_relevance(compressor: Compressor) -> bool:
    """Whether it ranks units by what they have to do with the query, and by that alone."""
    return isinstance(compressor, LabellingPruner | SentencePruner | Cascade)


def _needs_budget(who: str) -> InvalidInput:
    return InvalidInput(
        f"{who} keeps as much as a budget holds and can't decide by itself; give one: budget=300 (tokens) or "
        f"budget=0.2 (a fifth), or use {DEFAULT!r}, which decides"
    )


def default(*, dynamic: bool = False) -> Compressor:
    """The best compressor that runs on what is installed; ``dynamic`` lets a threshold decide how much to keep."""
    return resolve(DEFAULT, dynamic=dynamic)
