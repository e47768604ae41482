"""Everything that can be set about the labeller and its training, in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FEATURES", "ModelConfig", "TrainConfig"]

# Per-token inputs besides the states; how the two sides already match, so that training need not rediscover it.
FEATURES = ("best_cosine", "same_piece", "sentence_cosine", "passage_cosine")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The shape of the joint labeller.

    Attributes:
        join_at: Number of encoder layers that read question and passage apart; the remaining ones read both.
        layers: Layers of the whole encoder.
        width: Width of a state.
        heads: Attention heads.
        fusion: Starting weights of passage cosine, sentence cosine, sentence late interaction and passage late
            interaction (learned on SQuAD in a spike); their sum is the whole score before training.
        centres: What is taken from `FEATURES` before they are multiplied with ``spreads``, so that a base whose cosines
            all lie close together shows the layers as much of them as one whose cosines do not.
        spreads: See ``centres``.
    """

    join_at: int = 2
    layers: int = 6
    width: int = 384
    heads: int = 12
    fusion: tuple[float, float, float, float] = (5.7, 10.3, 14.2, 8.8)
    centres: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    spreads: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)

    @classmethod
    def multilingual(cls) -> ModelConfig:
        """For multilingual-e5-small, whose cosines lie between .7 and .9."""
        return cls(9, 12, fusion=(28.0, 50.0, 70.0, 44.0), centres=(0.8, 0.0, 0.8, 0.8), spreads=(4.0, 1.0, 4.0, 4.0))


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training run; the defaults are those of one whose weights ship; the model card has the others.

    Attributes:
        seed: Of every random choice.
        minutes: Training time; the decay is sized to it, whatever the machine manages in it.
        batch: Questions a step; passages of one question are compared with each other only.
        passages: Passages shown with one question.
        negatives: Share of dense neighbours, passages of the same article, BM25 neighbours and any passages among
            those that do not support. Far-off ones matter: what training never shows stays unconstrained.
        layer_rate: Peak learning rate of the pretrained layers.
        head_rate: Peak learning rate of what starts from zero.
        warmup: Steps that warm up linearly; the whole run decays to 3 %, cosine-shaped.
        weight_decay: Of the layers' matrices.
        clip: Largest gradient norm.
        max_tokens: Longest passage window, in pieces.
        p_full: Probability that a passage is shown whole (up to ``max_tokens``) instead of cropped.
        untitled: Share of questions whose passages are all shown without their titles (2Wiki's never are).
        p_keywords: Probability that the question loses its stop words.
        p_thinned: Probability that a question with an answer loses half of the words that it shares with its evidence.
        p_searched: Probability that a question of SQuAD or SQuADShifts is put as a search of a collection meets it: its
            subject named, beside passages of other articles, all of them titled.
        p_unmarked: Probability that the question loses its question mark.
        p_irrelevant: Probability that the supporting passage is left out.
        p_swapped: Probability that a SQuAD question has a name, number or key word exchanged, so that its own passage
            no longer answers it.
        p_pair: Probability that two questions are merged into one that needs both passages.
        mix: Share of draws from SQuAD, SQuADShifts, FEVER, 2Wiki and questions about a passage's subject.
        rank_weight: Weight of the listwise loss over passages.
        token_weight: Weight of the listwise loss over answer tokens.
        keep_weight: Weight of the cross-entropy of the keep probability.
        anchor_weight: Weight of the mean squared learned part of the scores, which holds it near zero where the
            other losses don't care.
    """

    seed: int = 7
    minutes: float = 30.0
    batch: int = 16
    passages: int = 6
    negatives: tuple[float, float, float, float] = (0.34, 0.2, 0.22, 0.24)
    layer_rate: float = 1.2e-4
    head_rate: float = 1e-3
    warmup: int = 60
    weight_decay: float = 0.01
    clip: float = 1.0
    max_tokens: int = 200
    p_full: float = 0.35
    untitled: float = 0.4
    p_keywords: float = 0.15
    p_thinned: float = 0.25
    p_searched: float = 0.5
    p_unmarked: float = 0.4
    p_irrelevant: float = 0.1
    p_swapped: float = 0.06
    p_pair: float = 0.12
    mix: tuple[float, float, float, float, float] = (0.6, 0.09, 0.09, 0.12, 0.1)
    rank_weight: float = 0.5
    token_weight: float = 0.2
    keep_weight: float = 0.2
    anchor_weight: float = 0.004
