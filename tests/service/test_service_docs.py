"""Every snippet of docs/service.md does what it says, against a real server."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("httpx")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
pytest.importorskip("typer")
from service_helpers import serving

PAGE = Path(__file__).parents[2] / "docs" / "service.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def _of(kind):
    return [text for name, text in BLOCKS if name == kind]


@pytest.fixture(scope="module")
def base():
    with serving() as address:
        yield address


def test_nothing_is_left_untested():
    assert {kind for kind, _ in BLOCKS} == {"console", "bash", "python", "ts", "yaml", "json"}


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("text", _of("bash"))
def test_curl(base, text):
    done = subprocess.run(["bash", "-ec", text.replace("http://127.0.0.1:8787", base)], capture_output=True, text=True)
    assert done.returncode == 0
    assert "Tampere" in done.stdout or "# HELP ragcompress_requests_total" in done.stdout


@pytest.mark.parametrize("text", _of("python"))
def test_python(base, text):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(text.replace("http://127.0.0.1:8787", base), {})
    assert "Tampere" in out.getvalue()


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
@pytest.mark.parametrize("text", _of("ts"))
def test_typescript_that_is_javascript_too(base, text):
    code = text.replace("http://127.0.0.1:8787", base)
    done = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True)
    assert "Tampere" in done.stdout, done.stderr


def test_configurations():
    yaml = pytest.importorskip("yaml")
    for text in _of("yaml"):
        given = yaml.safe_load(text)["guardrails"][0]["litellm_params"]
        assert given["guardrail"] in ("headroom", "ragcompress.client.litellm.RagCompressGuardrail")
    for text in _of("json"):
        assert json.loads(text)["mcpServers"]["ragcompress"]["args"][0] == "mcp"


def test_every_command_s_options_exist():
    from typer.main import get_command

    from ragcompress.cli.app import app

    commands = get_command(app).commands
    for line in "".join(_of("console")).splitlines():
        words = line.split()
        if words[0] == "ragcompress":
            known = {option for each in commands[words[1]].params for option in each.opts}
            assert {word for word in words if word.startswith("--")} <= known
    named = set(re.findall(r"`(--[a-z-]+)", PAGE.read_text(encoding="utf-8")))
    assert named <= {option for each in commands["serve"].params for option in each.opts}
