"""Fixtures of tiny models, shared with tests/pruners."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tiny import causal, classifier, seq2seq  # noqa: F401
