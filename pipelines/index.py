"""Index a corpus of JSON lines and ask it questions: the retriever in thirty lines.

python -m pipelines.index corpus.jsonl.gz --out runs/wiki --ask "Who founded the Boston Celtics?"
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ragcompress import DenseRetriever, HybridRetriever, Passage


def read_corpus(path: Path) -> Iterator[Passage]:
    """Passages from lines of ``{"id", "title", "text"}``, gzipped or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield Passage(record["text"], id=record.get("id", ""), title=record.get("title", ""))


def main() -> None:
    """Build (going on after an interruption), save, and answer the questions given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the index; finished shards go beside it")
    parser.add_argument("--limit", type=int, default=None, help="the first so many passages only")
    parser.add_argument("--hybrid", action="store_true", help="fuse with BM25")
    parser.add_argument("--ask", action="append", default=[], metavar="QUESTION")
    options = parser.parse_args()

    shards = options.out.with_name(f"{options.out.name}.shards")
    passages = islice(read_corpus(options.corpus), options.limit)
    dense = DenseRetriever.build(passages, progress=True, resume_folder=shards)
    retriever = HybridRetriever(dense) if options.hybrid else dense
    retriever.save(options.out)
    print(f"{retriever!r} saved in {options.out}")
    for question in options.ask:
        print(f"\n{question}")
        for passage in retriever.retrieve(question, k=5):
            print(f"  {passage.score:.3f}  {passage.title or passage.id}: {passage.text[:90]}…")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; run it again to go on")
