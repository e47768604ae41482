"""Whatever fits the OpenAPI document, or misses it, gets an answer that fits it, and never a 5xx."""

from __future__ import annotations

import pytest

pytest.importorskip("schemathesis")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_helpers import serving
from starlette.testclient import TestClient

from ragcompress.service.app import create_app
from ragcompress.service.openapi import document
from ragcompress.service.settings import Settings

MADE = schemathesis.openapi.from_dict(document("0"))
MADE.config.generation.update(modes=[schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
CALM = settings(max_examples=25, deadline=None, derandomize=True, database=None,
                suppress_health_check=list(HealthCheck))  # fmt: skip


@pytest.fixture(scope="module")
def base():
    with serving(Settings(max_passages=20), level="error") as address:
        yield address


@MADE.parametrize()
@CALM
def test_never_a_5xx_and_always_as_documented(case, base):
    checks = schemathesis.checks
    checks.load_all_checks()
    names = [
        "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    ]  # fmt: skip
    case.call_and_validate(base_url=base, checks=[checks.CHECKS.get_one(name) for name in names])


@pytest.mark.parametrize("path", ["/v1/compress", "/v1/rerank", "/rerank"])
def test_any_json_gets_a_sentence(path):
    client = TestClient(create_app())
    leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    names = st.sampled_from(
        ["query", "passages", "messages", "role", "content", "documents", "texts", "budget", "tool"]
    )
    tree = st.recursive(leaf, lambda t: st.lists(t, max_size=4) | st.dictionaries(names, t, max_size=5), max_leaves=12)

    @CALM
    @given(tree)
    def run(body):
        answer = client.post(path, json=body)
        assert answer.status_code < 500
        assert answer.status_code == 200 or answer.json()["error"]

    run()
