"""The playground and the page of paths: one file each, under a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources

from starlette.responses import Response

from ragcompress.service.work import METHOD_NAMES

__all__ = ["docs", "playground"]

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def playground() -> Response:
    """Paste passages and a question, slide the budget, see what stays."""
    names = json.dumps([name for name in METHOD_NAMES if name != "random"])
    return _page(_read("playground.html").replace('/*METHODS*/["labeller"]', names))


def docs(body: str) -> Response:
    """What `ragcompress.service.openapi.page` made, with the playground's looks."""
    style = _INLINE.search(_read("playground.html"))
    looks = style.group(0) if style and style.group(1) == "style" else ""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">{looks}'
    link = '<p><a href="/">Playground</a> · <a href="/openapi.json">OpenAPI</a> · <a href="/metrics">Metrics</a></p>'
    return _page(
        f'<!doctype html><html lang="en"><head>{head}<title>ragcompress: paths</title></head><body><main class="docs">'
        f"<h1>ragcompress: paths</h1>{link}{body}</main></body></html>"
    )


def _read(name: str) -> str:
    return resources.files("ragcompress.service").joinpath("static", name).read_text(encoding="utf-8")


def _page(html: str) -> Response:
    """Only the page's own script and style run, known by their hashes; it talks to its own server alone."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _INLINE.findall(html):
        hashes[kind].append(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'")
    allowed = "; ".join(f"{kind}-src {' '.join(found) or chr(39) + 'none' + chr(39)}" for kind, found in hashes.items())
    policy = (
        f"default-src 'none'; {allowed}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    return Response(html, headers=headers, media_type="text/html")
