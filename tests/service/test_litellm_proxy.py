"""LiteLLM's proxy with its guardrail and with ours, before a fake upstream; RAGCOMPRESS_LITELLM names its command."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("httpx")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
import httpx
from service_helpers import LONG, call, serving, talk

import ragcompress
from ragcompress.core.budget import embedded_count
from ragcompress.service.settings import Settings

LITELLM = os.environ.get("RAGCOMPRESS_LITELLM") or shutil.which("litellm")
KEY = "sk-of-this-test-only-0123456789"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not LITELLM, reason="needs litellm[proxy]")]
TOOL = f"{LONG * 3} The pump is made in Tampere by Virta. {LONG * 3}"
ASKED = talk(
    {"role": "assistant", "content": "In Tampere."}, {"role": "user", "content": "Thanks. By whom?"}, text=TOOL
)
OTHER = [
    {"role": "user", "content": "When was the treaty of Westphalia signed?"},
    {"role": "assistant", "content": "In 1648."},
    {"role": "user", "content": "Where is the pump made?"},
    call("c7", q="pump"),
    {"role": "tool", "tool_call_id": "c7", "content": TOOL},
    call("c2", q="maker"),
    {"role": "tool", "tool_call_id": "c2", "content": "short"},
]
ANSWER = {
    "id": "x", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Tampere."}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip


@contextlib.contextmanager
def _upstream():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            body = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()


@contextlib.contextmanager
def _proxy(folder, guardrail, upstream, sidecar):
    model = {"model": "openai/m", "api_base": upstream, "api_key": "x"}
    guard = {"guardrail": guardrail, "mode": "pre_call", "default_on": True, "api_base": sidecar,
             "unreachable_fallback": "fail_open"}  # fmt: skip
    config = {
        "model_list": [{"model_name": "m", "litellm_params": model}],
        "guardrails": [{"guardrail_name": "ragcompress", "litellm_params": guard}],
    }
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
    env["PYTHONPATH"] = str(Path(ragcompress.__file__).parents[1])
    done = subprocess.Popen(
        [LITELLM, "--config", "config.yaml", "--port", str(port)],
        cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert any("Uvicorn running" in line for line in done.stdout), "the proxy did not start"
        threading.Thread(target=done.stdout.read, daemon=True).start()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            client.headers["authorization"] = f"Bearer {KEY}"
            yield client
    finally:
        done.terminate()
        done.wait(30)


def _sent(client, seen, messages):
    answer = client.post("/v1/chat/completions", json={"model": "m", "messages": messages})
    assert answer.status_code == 200
    texts = [message["content"] for message in seen[-1]["messages"] if message["role"] == "tool"]
    return texts[0] if isinstance(texts[0], str) else texts[0][0]["text"]


def test_litellm_s_guardrail(tmp_path):
    with _upstream() as (upstream, seen):
        with serving(Settings(timeout_s=110)) as sidecar:  # a machine with other work needs more than 30 s
            proxy = _proxy(tmp_path, "headroom", upstream, sidecar)
            client = proxy.__enter__()
            first = _sent(client, seen, ASKED)
            assert "Tampere" in first
            assert embedded_count(first) * 5 < embedded_count(TOOL)
            assert [tool["function"]["name"] for tool in seen[-1]["tools"]] == ["headroom_retrieve"]
            assert _sent(client, seen, ASKED) == first
            assert _sent(client, seen, OTHER) == TOOL  # its own question was withheld
        assert _sent(client, seen, ASKED) == TOOL  # the sidecar is down: fail_open
        proxy.__exit__(None, None, None)


def test_our_guardrail(tmp_path):
    with _upstream() as (upstream, seen):
        with serving(Settings(timeout_s=110)) as sidecar:  # a machine with other work needs more than 30 s
            proxy = _proxy(tmp_path, "ragcompress.client.litellm.RagCompressGuardrail", upstream, sidecar)
            client = proxy.__enter__()
            first = _sent(client, seen, ASKED[:3])  # while it is the newest
            assert "Tampere" in first
            assert embedded_count(first) * 5 < embedded_count(TOOL)
            assert _sent(client, seen, ASKED) == first
        assert _sent(client, seen, ASKED) == TOOL
        proxy.__exit__(None, None, None)
