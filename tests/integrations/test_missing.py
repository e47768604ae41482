"""Without the framework, importing an adapter says which pip line brings it; nothing else is loaded before."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
for name in sys.argv[3].split(","):
    sys.modules[name] = None  # as if it were not installed
from importlib import import_module
from ragcompress.core.errors import MissingExtra
try:
    module = import_module(sys.argv[1])
    getattr(module, sys.argv[2])
except MissingExtra as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "name", "missing", "extra"),
    [
        ("langchain", "RagCompressor", "langchain_core", "langchain"),
        ("langchain", "compress", "langchain_core", "langchain"),
        ("langchain", "CompressedRetriever", "langchain_core", "langchain"),
        ("langchain", "ContextCompressionMiddleware", "langchain", "agents"),
        ("llamaindex", "RagCompressorPostprocessor", "llama_index,llama_index.core", "llamaindex"),
        ("haystack", "RagCompressorComponent", "haystack", "haystack"),
    ],
)
def test_a_missing_framework_is_named_with_its_pip_line(module: str, name: str, missing: str, extra: str) -> None:
    arguments = [sys.executable, "-c", CODE, f"ragcompress.integrations.{module}", name, missing]
    told = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert f"'.[{extra}]'" in told


def test_importing_the_package_of_adapters_loads_no_framework() -> None:
    code = (
        "import sys, ragcompress.integrations, ragcompress.integrations.langchain as l; dir(l); "
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"langchain", "langchain_core", "langgraph", "pydantic", "llama_index", "haystack"} & set(loaded)


def test_a_name_that_does_not_exist() -> None:
    from ragcompress.integrations import langchain

    with pytest.raises(AttributeError, match="NoSuchName"):
        _ = langchain.NoSuchName
