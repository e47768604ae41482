"""Other people's labellers, in the layouts they are saved in, on tiny random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ragcompress as rc
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.core.types import Passage
from ragcompress.scorers.pairs import PairLabelScorer

torch = pytest.importorskip("torch", reason="models by name need the extra 'generators'")
transformers = pytest.importorskip("transformers", reason="models by name need the extra 'generators'")
safetensors = pytest.importorskip("safetensors.torch")

PASSAGES = [Passage("Ada wrote it. It rained. " * 20, title="Notes"), Passage("The tower is tall.")]
TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
BODIES = {"bert": TINY, "deberta-v2": TINY, "modernbert": TINY | ENDS, "xlm-roberta": TINY}


def tokenizer() -> Any:
    """Words and letters, with pairs in BERT's template."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    letters = [chr(code) for code in range(33, 127)]
    vocabulary = {
        token: at
        for at, token in enumerate(["[PAD]", "[CLS]", "[SEP]", "[UNK]", *letters, *(f"##{x}" for x in letters)])
    }
    raw = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=50))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]"
    )


def body(kind: str) -> Any:
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, vocab_size=len(tokenizer()), num_labels=1, **BODIES[kind])
    return transformers.AutoModelForSequenceClassification.from_config(config).eval()


def provence(folder: Path, kind: str) -> tuple[Path, Any, Any]:
    """As Provence saves itself: body, rank classifier and ``token_classifier`` in one file, a model type of its own."""
    model = body(kind)
    head = torch.nn.Linear(32, 2)
    weights = model.state_dict() | {f"token_classifier.{name}": t for name, t in head.state_dict().items()}
    folder.mkdir(parents=True)
    safetensors.save_file({name: t.contiguous() for name, t in weights.items()}, folder / "model.safetensors")
    config = model.config.to_dict() | {"model_type": "Provence", "auto_map": {"AutoModel": "remote.Provence"}}
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer().save_pretrained(folder)
    return folder, model, head


def open_provence(folder: Path, kind: str) -> tuple[Path, Any, Any]:
    """As OpenProvence saves itself: ``ranking_model.`` and ``pruning_head.``, the body's configuration nested."""
    model = body(kind)
    head = torch.nn.Linear(32, 2)
    weights = {f"ranking_model.{name}": t for name, t in model.state_dict().items()}
    weights |= {f"pruning_head.classifier.{name}": t for name, t in head.state_dict().items()}
    folder.mkdir(parents=True)
    safetensors.save_file({name: t.contiguous() for name, t in weights.items()}, folder / "model.safetensors")
    config = {"model_type": "open_provence", "base_model_config": model.config.to_dict()}
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer().save_pretrained(folder)
    return folder, model, head


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("layout", [provence, open_provence])
def test_scores_are_those_of_the_heads(tmp_path: Path, layout: Any, kind: str) -> None:
    folder, model, head = layout(tmp_path / "model", kind)
    scored = PairLabelScorer(str(folder))(Context.of("who is tall?", PASSAGES[1:]))
    ids = tokenizer()("who is tall?", PASSAGES[1].text, return_tensors="pt")
    inputs = {"input_ids": ids["input_ids"]}
    if kind in ("bert", "deberta-v2", "xlm-roberta") and "token_type_ids" in ids:
        inputs["token_type_ids"] = ids["token_type_ids"]
    with torch.no_grad():
        out = model(**inputs, output_hidden_states=True)
        keep = head(out.hidden_states[-1])[0].softmax(-1)[:, 1].numpy()
    inside = np.array([side == 1 for side in ids.sequence_ids(0)])
    assert scored.segments[0].score == pytest.approx(float(keep[inside].mean()), abs=1e-4)
    assert scored.passage_scores[0] == pytest.approx(float(out.logits[0, 0].sigmoid()), abs=1e-4)


def test_long_passages_are_read_in_windows_and_pruned_by_name(tmp_path: Path) -> None:
    folder, _, _ = provence(tmp_path / "model", "bert")
    pruner = rc.LabellingPruner(PairLabelScorer(str(folder), window=64))
    out = rc.compress("who wrote it?", PASSAGES, 40, pruner)
    assert 0 < out.tokens_out <= 40
    assert not out.warnings
    assert rc.compress("who wrote it?", PASSAGES, 40, f"labeller:{folder}").tokens_out <= 40
    assert rc.compress("who wrote it?", PASSAGES, compressor=f"labeller:{folder}").tokens_out <= out.tokens_in


def test_any_keep_drop_token_classifier(tmp_path: Path) -> None:
    torch.manual_seed(1)
    config = transformers.AutoConfig.for_model("bert", vocab_size=len(tokenizer()), **BODIES["bert"])
    config.id2label, config.label2id = {0: "KEEP", 1: "DROP"}, {"KEEP": 0, "DROP": 1}
    model = transformers.AutoModelForTokenClassification.from_config(config).eval()
    model.save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    named, paired = PairLabelScorer(str(tmp_path)), PairLabelScorer((model, tokenizer()))
    context = Context.of("who?", PASSAGES).split()
    scores = [[segment.score for segment in scorer(context).segments] for scorer in (named, paired)]
    assert scores[0] == pytest.approx(scores[1])
    assert all(0 < score < 1 for score in scores[0])


def test_what_is_no_labeller_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="a name, a folder or a pair"):
        PairLabelScorer(3)
    config = transformers.AutoConfig.for_model("bert", vocab_size=len(tokenizer()), num_labels=5, **BODIES["bert"])
    tagger = transformers.AutoModelForTokenClassification.from_config(config)
    with pytest.raises(ModelError, match="means keep"):
        PairLabelScorer((tagger, tokenizer()))(Context.of("who?", PASSAGES))
    with pytest.raises(ModelError, match="nothing is downloaded"):
        PairLabelScorer("nobody/nothing")(Context.of("who?", PASSAGES))
    folder, _, _ = provence(tmp_path / "model", "bert")
    weights = safetensors.load_file(folder / "model.safetensors")
    weights.pop("classifier.weight")
    safetensors.save_file(weights, folder / "model.safetensors")
    with pytest.raises(ModelError, match="lacks weights"):
        PairLabelScorer(str(folder))(Context.of("who?", PASSAGES))
