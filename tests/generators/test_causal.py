import numpy as np
import pytest

import ragcompress as rc
from ragcompress.generators.causal import CausalModel

TEXT = "Ada Lovelace wrote the first program for a machine in 1843."


def reference(causal, prefix, text):
    """Log-probabilities from one forward over everything, without a cache."""
    torch = pytest.importorskip("torch")
    model, words = causal
    before = [words.bos_token_id, *words(prefix, add_special_tokens=False)["input_ids"]]
    ids = words(text, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([before + ids])).logits[0]
    ahead = torch.log_softmax(logits.float(), dim=-1)[len(before) - 1 : -1]
    return ahead.gather(1, torch.tensor(ids)[:, None])[:, 0].numpy()


@pytest.mark.parametrize("window", [2, 5, 256])
@pytest.mark.parametrize("prefix", ["", "Question: who"])
def test_windows_with_a_cache_give_what_one_forward_gives(causal, window, prefix):
    found = CausalModel(causal, window=window).surprise(TEXT, prefix=prefix)
    np.testing.assert_allclose(found.logprobs, reference(causal, prefix, TEXT), atol=1e-4)
    assert next(TEXT[a:b] for a, b in found.offsets).startswith("A")
    assert found.offsets[-1][1] == len(TEXT)


def test_text_beyond_the_models_positions_is_read_to_its_end(causal):
    found = CausalModel(causal).surprise(TEXT * 10, prefix=TEXT * 5)
    assert found.offsets[-1][1] == len(TEXT * 10)
    assert np.isfinite(found.logprobs).all()


def test_going_on_from_kept_tokens_changes_later_windows_alone(causal):
    whole = CausalModel(causal, window=8).surprise(TEXT)
    kept = CausalModel(causal, window=8).surprise(TEXT, keep=0.5)
    np.testing.assert_allclose(whole.logprobs[:8], kept.logprobs[:8], atol=1e-5)
    assert np.abs(whole.logprobs[8:] - kept.logprobs[8:]).max() > 1e-4


def test_no_text_no_tokens(causal):
    assert CausalModel(causal).surprise("").mean == 0.0


def test_errors_are_named(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(rc.RagCompressError, match="nothing is downloaded"):
        CausalModel(str(tmp_path / "none")).surprise("a")
    with pytest.raises(rc.InvalidInput, match="pair"):
        CausalModel(7).surprise("a")
    with pytest.raises(rc.InvalidInput, match="window"):
        CausalModel("x", window=1)
