"""Counts for Prometheus, and a tally for shadow mode. No text ever becomes a label."""

from __future__ import annotations

import threading
from collections import Counter as Tally
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["TEXT_TYPE", "Metrics"]

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """One server's counts, in a registry of their own: several servers may live in one process.

    Attributes:
        registry: What ``/metrics`` shows.
        requests: By route and status.
        seconds: Of whole requests, by route.
        stages: Seconds of one stage of the work: ``read``, ``queue``, ``compute``, ``write``.
        tokens: ``in``, ``out``, ``saved``; in shadow mode ``shadow_saved``, which nobody was spared.
        fallbacks: Answers that are not what was asked for, by reason.
        untouched: Tool texts left as they came, by reason.
        pins: Tool texts that had a pin (``hit``) or were new (``miss``).
        originals: Whole texts asked for: ``hit`` or ``miss``.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        made: dict[str, Any] = {"registry": self.registry, "namespace": "ragcompress"}
        self.requests = Counter("requests", "Requests answered.", ["route", "status"], **made)
        self.seconds = Histogram("request_seconds", "Whole requests.", ["route"], buckets=_SECONDS, **made)
        self.stages = Histogram("stage_seconds", "Stages of requests.", ["stage"], buckets=_SECONDS, **made)
        self.tokens = Counter("tokens", "Tokens by the embedded tokenizer.", ["kind"], **made)
        self.fallbacks = Counter("fallbacks", "Answers by other means than asked.", ["reason"], **made)
        self.untouched = Counter("untouched", "Tool texts left as they came.", ["reason"], **made)
        self.pins = Counter("pins", "Tool texts with and without a pin.", ["outcome"], **made)
        self.originals = Counter("originals", "Whole texts asked for.", ["outcome"], **made)
        self._gauges = made
        self._lock, self._shadow = threading.Lock(), Tally[str]()

    def watch(self, pool: Any) -> None:
        """Show how full a pool is."""
        Gauge("inside", "Requests that run or wait.", **self._gauges).set_function(lambda: pool.inside)
        Gauge("capacity", "Requests that may run or wait.", **self._gauges).set(pool.most)

    def saved(self, before: int, after: int, *, shadow: bool = False) -> None:
        """Count tokens of one answer; in shadow mode all that came is sent on."""
        self.tokens.labels("in").inc(before)
        self.tokens.labels("out").inc(before if shadow else after)
        self.tokens.labels("shadow_saved" if shadow else "saved").inc(max(before - after, 0))
        if shadow:
            self.shadowed(answers=1, tokens_in=before, tokens_would_save=max(before - after, 0))

    def left(self, reasons: Tally[str], *, shadow: bool = False) -> None:
        """Count why tool texts were left as they came; "" is none."""
        for reason, times in reasons.items():
            if reason:
                self.untouched.labels(reason).inc(times)
                if shadow:
                    self.shadowed(**{f"left: {reason}": times})

    def shadowed(self, **counts: int) -> None:
        """Add to the summary of shadow mode."""
        with self._lock:
            self._shadow.update(counts)

    def shadow_summary(self) -> dict[str, int]:
        """What shadow mode saw since the last summary."""
        with self._lock:
            summary, self._shadow = dict(self._shadow), Tally[str]()
        return summary

    def text(self) -> bytes:
        """What ``/metrics`` answers."""
        return generate_latest(self.registry)
