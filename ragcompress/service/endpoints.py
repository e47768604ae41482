"""The endpoints: a request to an answer. Content is neither logged nor counted."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ragcompress.core.errors import RagCompressError
from ragcompress.core.notes import Warning
from ragcompress.service.bodies import ChatBody, CompressBody, RerankBody, TeiBody
from ragcompress.service.border import Refused, encoded, parsed, read_body, scope_of, validated
from ragcompress.service.chat import Chat
from ragcompress.service.histories import aged
from ragcompress.service.logs import event
from ragcompress.service.metrics import TEXT_TYPE, Metrics
from ragcompress.service.pins import Outcome
from ragcompress.service.pool import Busy, Pool
from ragcompress.service.settings import Settings
from ragcompress.service.store import Store
from ragcompress.service.work import Work, logit, order

__all__ = ["Service"]

_HASH = re.compile(r"[0-9a-f]{24}")


class Service:
    """The endpoints; one per process.

    Attributes:
        settings: As given.
        store: Pins and originals.
        pool: Where models compute.
        light: Where files are read and written, beside them.
        metrics: What ``/metrics`` shows.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings, self.store, self.metrics = settings, Store(settings), Metrics()
        self.pool, self.light = Pool(settings.workers, settings.queue), Pool(1, settings.queue)
        self.metrics.watch(self.pool)
        self.work, self.chat = Work(settings), Chat(settings, self.store)
        self._warm = False

    def close(self) -> None:
        """Wait for what runs, and close the store."""
        self.pool.close()
        self.light.close()
        self.store.close()

    async def compress(self, request: Request) -> Response:
        """Passages or chat messages to fewer tokens."""
        scope, body = await self._body(request)
        if isinstance(body, dict) and "messages" in body:
            return await self._chat(request, validated(ChatBody, body), scope)
        asked = validated(CompressBody, body)
        self._few(len(asked.passages))
        return await self._computed(request, partial(self._compressed, request, asked))

    def _compressed(self, request: Request, asked: CompressBody, waited: float) -> Any:
        shadow = self._shadow(request)
        try:
            out = self.work.compress(asked, waited)
        except RagCompressError:
            raise
        except BaseException as error:  # a bug, or a part of the process that gave up: the caller still gets a context
            event("bug", logging.ERROR, id=request.state.name, error=type(error).__name__)
            out = self.work.rescue(asked, error)
        self.metrics.saved(out.tokens_in, out.tokens_out, shadow=shadow)
        request.state.facts |= {"method": out.method, "tokens_in": out.tokens_in, "tokens_out": out.tokens_out}
        self._fell_back(request, out.warnings)
        out = self.work.whole(asked, out) if shadow else out
        return replace(out, timings={**out.timings, "queue": waited}).to_dict()

    async def _chat(self, request: Request, body: ChatBody, scope: str) -> Response:
        """Whatever it holds, a conversation comes back with 200: any other status would fail the user's own call."""
        shadow, limit = self._shadow(request), body.history_tokens or self.settings.history_tokens

        def work(waited: float, *, decides: bool = True) -> Any:
            came = perf_counter() - waited
            shorten = lambda question, text: self.work.shorten(question, text, perf_counter() - came)  # noqa: E731
            try:
                out = self.chat(body.messages, scope, shorten if decides else None, shadow=shadow)
                if limit:
                    left = self.settings.timeout_s + came - perf_counter() if decides else None
                    out = aged(out, limit, scope, None if shadow else self.store, left)
            except Exception as error:  # a bug, or a message nested too deeply: the caller's own call must go on
                event("bug", logging.ERROR, id=request.state.name, error=type(error).__name__)
                out = Outcome(body.messages, reasons=Counter(failed=1))
            return self._talked(request, body.messages, out)

        try:
            return await self._computed(request, work)
        except Busy:  # pins hold even then, and what is new is pinned as it came
            return await self._computed(request, partial(work, decides=False), self.light)

    def _talked(self, request: Request, messages: list[Any], out: Outcome) -> Any:
        shadow = self._shadow(request)
        self.metrics.saved(out.before, out.after, shadow=shadow)
        self.metrics.left(out.reasons, shadow=shadow)
        self.metrics.pins.labels("hit").inc(out.pins[True])
        self.metrics.pins.labels("miss").inc(out.pins[False])
        reasons = {reason: times for reason, times in sorted(out.reasons.items()) if reason}
        request.state.facts |= {"tokens_in": out.before, "tokens_out": out.after, "untouched": reasons}
        after = out.before if shadow else out.after
        return {
            "messages": messages if shadow else out.messages,
            "tokens_before": out.before,
            "tokens_after": after,
            "compression_ratio": after / out.before if out.before else 1.0,
            "tokens_saved": out.before - after,
            "ccr_hashes": [] if shadow else list(dict.fromkeys(out.hashes)),
            "cache_safe": shadow or out.cache_safe,
            "warnings": list(out.warnings),
        }

    async def rerank(self, request: Request) -> Response:
        """Cohere's, Jina's and vLLM's form."""
        asked = validated(RerankBody, (await self._body(request))[1])
        texts = asked.texts()
        self._few(len(texts))

        def work(waited: float) -> Any:
            found = self.work.rank(asked.query, texts, waited, pruned=asked.pruned and not self._shadow(request))
            self._fell_back(request, found.warnings)
            shown = found.pruned or texts
            rows: list[dict[str, Any]] = []
            for at in order(found.scores)[: asked.top_n]:
                rows.append({"index": at, "relevance_score": found.scores[at]})
                if asked.return_documents or asked.pruned:
                    rows[-1]["document"] = {"text": shown[at]}
            model = asked.model or "ragcompress"
            return {"id": request.state.name, "model": model, "results": rows, "usage": {"total_tokens": 0}}

        return await self._computed(request, work)

    async def tei(self, request: Request) -> Response:
        """Text Embeddings Inference's form."""
        asked = validated(TeiBody, (await self._body(request))[1])
        self._few(len(asked.texts))

        def work(waited: float) -> Any:
            pruned = asked.return_pruned and not self._shadow(request)
            found = self.work.rank(asked.query, asked.texts, waited, pruned=pruned)
            self._fell_back(request, found.warnings)
            shown, rows = found.pruned or asked.texts, []
            for at in order(found.scores):
                score = found.scores[at]
                row: dict[str, Any] = {"index": at, "score": logit(score) if asked.raw_scores else score}
                row |= {"text": asked.texts[at]} if asked.return_text else {}
                rows.append(row | ({"pruned_text": shown[at]} if asked.return_pruned else {}))
            return rows

        return await self._computed(request, work)

    async def retrieve(self, request: Request) -> Response:
        """The whole text behind a hash."""
        scope, name = scope_of(request, self.settings.keys), request.path_params["hash"].lower()

        def work(_: float) -> Any:
            found = self.store.original(scope, name) if _HASH.fullmatch(name) else None
            self.metrics.originals.labels("miss" if found is None else "hit").inc()
            if found is None:
                raise Refused(404, "no text has this hash; it is unknown, expired, or another key's")
            return {"original_content": found}

        return await self._computed(request, work, self.light)

    async def health(self, _: Request) -> Response:
        """The process runs."""
        return _json(b'{"status":"ok"}')

    async def ready(self, _: Request) -> Response:
        """The model is loaded, and has read a sentence."""
        if await self.warm():
            return _json(b'{"status":"ready"}')
        return _json(b'{"status":"the model can not be used"}', 503)

    async def warm(self) -> bool:
        """Have the model loaded; whether it can be used."""
        if not self._warm:
            try:
                await self.light.run(lambda _: self.work.warm())
            except Exception as error:
                event("not ready", error=type(error).__name__)
                return False
            self._warm = True
        return True

    async def show_metrics(self, _: Request) -> Response:
        """Counts for Prometheus."""
        return Response(self.metrics.text(), headers={"content-type": TEXT_TYPE})

    async def _body(self, request: Request) -> tuple[str, Any]:
        """Whose request it is, and its JSON."""
        scope, began = scope_of(request, self.settings.keys), perf_counter()
        body = parsed(await read_body(request, self.settings))
        self.metrics.stages.labels("read").observe(perf_counter() - began)
        return scope, body

    async def _computed(self, request: Request, work: Callable[[float], Any], pool: Pool | None = None) -> Response:
        """What ``work`` gives, as JSON; all of it is done in a thread."""

        def timed(waited: float) -> bytes:
            self.metrics.stages.labels("queue").observe(waited)
            request.state.facts["queue_ms"] = round(waited * 1000, 1)
            with self.metrics.stages.labels("compute").time():
                data = work(waited)
            with self.metrics.stages.labels("write").time():
                return encoded(data)

        return _json(await (pool or self.pool).run(timed))

    def _fell_back(self, request: Request, warnings: tuple[Warning, ...]) -> None:
        reasons = {_FALLBACKS[warning.code] for warning in warnings if warning.code in _FALLBACKS}
        for reason in reasons:
            self.metrics.fallbacks.labels(reason).inc()
        if reasons:
            request.state.facts["fallback"] = sorted(reasons)

    def _few(self, passages: int) -> None:
        if passages > self.settings.max_passages:
            raise Refused(413, f"{passages} passages are more than {self.settings.max_passages}; send fewer at a time")

    def _shadow(self, request: Request) -> bool:
        return self.settings.shadow or request.headers.get("x-ragcompress-shadow", "").lower() in ("1", "true")


_FALLBACKS = {  # a warning's code, and what it is counted as
    "queue": "queue", "out-of-time": "timeout", "language": "language", "size": "size", "failed": "failed",
}  # fmt: skip


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
