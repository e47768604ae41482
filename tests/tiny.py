"""Tiny random Hugging Face models, built from a configuration in a moment: mechanics without weights or network."""

from __future__ import annotations

import pytest

WORDS = (
    "Ada Lovelace wrote the first program for a machine in 1843. She was born in London. The tower is 330 m tall. "
    "Question: Passage: Document: Summary: We can get the answer to this question in the given documents: who what"
)


def tokenizer():
    """A byte-level BPE tokenizer trained on a few words; it can spell anything."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator([WORDS], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", bos_token="<s>")


@pytest.fixture(scope="session")
def causal():
    """(GPT-2 of two layers with 64 positions, tokenizer)."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    words = tokenizer()
    config = transformers.GPT2Config(vocab_size=len(words), n_positions=64, n_embd=32, n_layer=2, n_head=2)
    return transformers.GPT2LMHeadModel(config).eval(), words


@pytest.fixture(scope="session")
def seq2seq():
    """(T5 of one layer, tokenizer)."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    words = tokenizer()
    config = transformers.T5Config(
        vocab_size=len(words), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return transformers.T5ForConditionalGeneration(config).eval(), words


@pytest.fixture(scope="session")
def classifier():
    """(a BERT token classifier of one layer with 64 positions, tokenizer)."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    words = tokenizer()
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, id2label={0: "DROP", 1: "KEEP"}, label2id={"DROP": 0, "KEEP": 1},
    )  # fmt: skip
    return transformers.BertForTokenClassification(config).eval(), words
