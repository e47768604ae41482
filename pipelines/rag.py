"""The main job in one screen: index, retrieve, compress under a token budget, ask.

python -m pipelines.rag "How long is the Rothgrat Tunnel?"              on the corpus in the package
python -m pipelines.rag "Who signs the invoices?" docs/ notes.md        on your own files
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import ragcompress as rc
from ragcompress.cli.answer import answer
from ragcompress.core.budget import embedded_count
from ragcompress.demo import load_corpus
from ragcompress.documents.files import read_passages

INSTRUCTIONS = "Answer from the numbered passages and from nothing else; name the number of the one you used."


def main(question: str, files: Sequence[str], *, window: int = 512) -> None:
    """Print the prompt for a reader with a small window, what was saved, and the embedded reader's answer."""
    retriever = rc.HybridRetriever.build(read_passages(files) if files else load_corpus())
    passages = retriever.retrieve(question, k=20)

    # What the window leaves for the context, counted with the reader's own tokenizer (`rc.counter` makes a count
    # from any; here it is the embedded one) on the text that is really sent: numbers, titles and gap marks included.
    left = rc.TokenBudget.for_prompt(window, f"{INSTRUCTIONS} {question}", answer_reserve=100, count=embedded_count)
    out = rc.compress(question, passages, budget=rc.TokenBudget(left.limit, left.count, rc.marked))

    print(f"{INSTRUCTIONS}\n\n{out.text}\n\nQuestion: {question}")
    print(f"\n{out.tokens_in:,} → {out.tokens_out:,} tokens, {out.compression_ratio:.1f}×")
    found = answer(out.context)
    print(f"{found}  [{found.reader}]")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
