"""Other people's labellers by name: token heads that read query and passage together, run without their own code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.segment import sanitise
from ragcompress.core.types import Passage

__all__ = ["PairLabelScorer"]

TOKEN_HEADS = ("token_classifier", "pruning_head.classifier")  # Provence's, OpenProvence's
BODIES = {"deberta": "deberta-v2", "model": "modernbert", "bert": "bert", "roberta": "xlm-roberta"}
WINDOW = 512

Floats = NDArray[np.float32]


class _Heads(NamedTuple):
    """What one forward gives.

    Attributes:
        keep: Keep probability of every token [batch, length].
        rank: Relevance of every pair as a probability [batch]; None without a rank head.
    """

    keep: Any
    rank: Any | None


class PairLabelScorer:
    """Keep probabilities from a labeller that reads the query beside the passage (Provence, Chirkova et al. 2025).

    Two layouts are read. Provence's and OpenProvence's checkpoints: a sequence classifier of any transformers body
    with a token head beside it, recognised by their weights; no remote code is run. And any token classifier over
    pairs whose labels say which one means keep (KEEP, or the second of two). Loaded at first use.

    Args:
        model: A name or folder on this machine, or a pair (token classification model, fast tokenizer).
        device: Torch device; the GPU if there is one when None.
        window: Tokens per forward; longer passages are read in windows that overlap.
    """

    def __init__(self, model: Any, *, device: str | None = None, window: int = WINDOW) -> None:
        if not isinstance(model, str | tuple):
            raise InvalidInput(
                f"model must be a name, a folder or a pair (model, tokenizer), not {type(model).__name__}"
            )
        self._source, self._device, self._window = model, device, window
        self._reader: _Reader | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_reader": None}  # loaded again where it is wanted

    def __repr__(self) -> str:
        source = self._source if isinstance(self._source, str) else type(self._source[0]).__name__
        return f"PairLabelScorer({source!r})"

    def __call__(self, context: Context) -> Context:
        """Segment scores are mean keep probabilities of their tokens; passage scores are the rank head's."""
        self._reader = self._reader or _open(self._source, self._device, self._window)
        scores = [0.0] * len(context.segments)
        relevance = [0.0] * len(context.passages)
        members: dict[int, list[int]] = {}
        for at, segment in enumerate(context.segments):
            members.setdefault(segment.support[0].passage, []).append(at)
        for number, mine in members.items():
            keep, offsets, rank = self._reader.read(context.asked, context.passages[number])
            for at in mine:
                span = context.segments[at].support
                inside = (offsets[:, 0] < span[-1].end) & (offsets[:, 1] > span[0].start)
                scores[at] = float(keep[inside].mean()) if inside.any() else 0.0
            relevance[number] = max((scores[at] for at in mine), default=0.0) if rank is None else rank
        return context.with_scores(scores, relevance)


class _Reader:
    """A model ready to read pairs; ``forward`` is what the two layouts differ in."""

    def __init__(self, forward: Any, tokenizer: Any, device: str, window: int) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError("the labeller needs a fast tokenizer, which gives character offsets")
        self._forward, self._tokenizer, self._device, self._window = forward, tokenizer, device, window

    def read(self, query: str, passage: Passage) -> tuple[Floats, NDArray[np.int64], float | None]:
        """Keep probabilities [tokens], their offsets into the passage's text [tokens, 2], and the passage's rank."""
        torch = require("torch", "generators")
        title = sanitise(passage.title).strip()
        head = f"{title}. " if title else ""
        question = self._tokenizer(sanitise(query), add_special_tokens=False)["input_ids"][: self._window // 2]
        room = self._window - len(question) - 4
        batch = self._tokenizer(
            sanitise(query), head + sanitise(passage.text), truncation="only_second" if room > 0 else True,
            max_length=self._window, stride=min(64, room // 3), return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )  # fmt: skip
        keeps: list[Floats] = []
        places: list[NDArray[np.int64]] = []
        ranks: list[float] = []
        for at, ids in enumerate(batch["input_ids"]):
            inputs = {"input_ids": torch.tensor([ids], device=self._device)}
            if "token_type_ids" in batch:
                inputs["token_type_ids"] = torch.tensor([batch["token_type_ids"][at]], device=self._device)
            with torch.inference_mode():
                heads = self._forward(**inputs)
            text = [number for number, side in enumerate(batch.sequence_ids(at)) if side == 1]
            keeps.append(heads.keep[0].float().cpu().numpy()[text])
            places.append(np.array(batch["offset_mapping"][at], dtype=np.int64).reshape(-1, 2)[text] - len(head))
            if heads.rank is not None:
                ranks.append(float(heads.rank[0]))
        return np.concatenate(keeps), np.concatenate(places), max(ranks, default=None)


def _open(source: Any, device: str | None, window: int) -> _Reader:
    """Recognise the layout and load it."""
    folder = _folder(source) if isinstance(source, str) else None
    if folder is not None:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = _weights(folder)
        head = next((name for name in TOKEN_HEADS if f"{name}.weight" in weights), None)
        if head:
            return _provence(config, weights, head, folder, device, window)
    from ragcompress.generators.loading import load  # a floor above: this scorer is one of few with a model

    model, tokenizer, place, _ = load(source, "AutoModelForTokenClassification", device=device)
    keep = _keep_label(model.config)

    def forward(**inputs: Any) -> _Heads:
        return _Heads(model(**inputs).logits.float().softmax(-1)[..., keep], None)

    return _Reader(forward, tokenizer, place, min(window, _longest(model.config, window)))


def _provence(
    config: Mapping[str, Any], weights: dict[str, Any], head: str, folder: Path, device: str | None, window: int
) -> _Reader:
    torch, transformers = require("torch", "generators"), require("transformers", "generators")
    rest = {name.removeprefix("ranking_model."): t for name, t in weights.items() if not name.startswith(head)}
    model = transformers.AutoModelForSequenceClassification.from_config(_body_config(config, rest))
    missing, unexpected = model.load_state_dict(rest, strict=False)
    if missing:
        raise ModelError(f"{folder} lacks weights of its {type(model).__name__}: {', '.join(missing[:3])} …")
    if unexpected and not all(name.startswith(("pruning_head", "loss")) for name in unexpected):
        raise ModelError(f"{folder} has weights that no {type(model).__name__} knows: {', '.join(unexpected[:3])} …")
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(place).eval()
    weight, bias = (weights[f"{head}.{kind}"].to(place).float() for kind in ("weight", "bias"))

    def forward(**inputs: Any) -> _Heads:
        out = model(**inputs, output_hidden_states=True)
        logits = out.hidden_states[-1].float() @ weight.T + bias
        keep = logits[..., 0].sigmoid() if logits.shape[-1] == 1 else logits.softmax(-1)[..., 1]
        return _Heads(keep, out.logits[:, 0].float().sigmoid())

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    return _Reader(forward, tokenizer, place, min(window, _longest(model.config, window)))


def _body_config(config: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """The transformers configuration of the body: named, nested (OpenProvence), or told by the weights' names."""
    transformers = require("transformers", "generators")
    settings = dict(config.get("base_model_config") or config)
    kind = settings.pop("model_type", "")
    if kind not in transformers.CONFIG_MAPPING:
        kind = next((BODIES[start] for name in weights if (start := name.partition(".")[0]) in BODIES), "")
    if not kind:
        raise ModelError(f"the labeller's body {config.get('model_type')!r} is unknown to transformers")
    for name in ("architectures", "auto_map", "id2label", "label2id"):
        settings.pop(name, None)
    settings["num_labels"] = next(
        (
            len(tensor)
            for name, tensor in weights.items()
            if name in ("classifier.weight", "classifier.out_proj.weight")
        ),
        1,
    )
    return transformers.AutoConfig.for_model(kind, **settings)


def _folder(source: str) -> Path | None:
    """Where a name or folder lies on this machine; None when a loader must say what is wrong with it."""
    if Path(source).is_dir():
        return Path(source)
    hub = require("huggingface_hub", "generators")
    found = hub.try_to_load_from_cache(source, "config.json") if "/" in source else None
    return Path(found).parent if isinstance(found, str) else None


def _weights(folder: Path) -> dict[str, Any]:
    """Names and tensors of a checkpoint's safetensors files; none when it has none."""
    load = require("safetensors.torch", "generators").load_file
    return {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load(file).items()}


def _longest(config: Any, window: int) -> int:
    return int(getattr(config, "max_position_embeddings", 0) or window)


def _keep_label(config: Any) -> int:
    """The number of the label that means keep: by its name, else the second of two."""
    names: dict[str, int] = {str(name).casefold(): int(number) for number, name in config.id2label.items()}
    found = next((names[name] for name in ("keep", "preserve") if name in names), None)
    if found is not None:
        return found
    if len(names) != 2:
        raise ModelError(f"no label of this token classifier means keep: {', '.join(_sorted(names))}")
    return 1


def _sorted(names: Mapping[str, int]) -> Sequence[str]:
    return sorted(names, key=lambda name: names[name])
