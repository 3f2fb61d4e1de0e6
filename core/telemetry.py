"""Names of metrics, and logs as JSON lines that cannot hold message text."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.clock import Clock
from core.privacy import Metadata, SafeText, metadata_only

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Every metric of the system, by name, in one place; labels hold names we chose, never user input."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.requests = Counter(
            "catchup_requests_total", "Requests answered.", ["door", "route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "catchup_request_seconds",
            "Time to answer.",
            ["door", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.summaries = Counter(
            "catchup_summaries_total", "Summaries made.", ["engine", "outcome"], registry=registry
        )
        self.summary_seconds = Histogram(
            "catchup_summary_seconds", "Time to make one.", ["engine"], buckets=_SECONDS, registry=registry
        )
        self.summary_items = Counter(
            "catchup_summary_items_total", "Items by what grounding said.", ["outcome"], registry=registry
        )
        self.engine_failures = Counter(
            "catchup_engine_failures_total",
            "Drafts that fell to the next engine.",
            ["engine", "kind"],
            registry=registry,
        )
        self.model_tokens = Counter(
            "catchup_model_tokens_total", "Tokens paid for.", ["model", "kind"], registry=registry
        )
        self.pool_events = Counter(
            "catchup_pool_events_total",
            "Retries, resumes, breakers and the like.",
            ["kind", "node"],
            registry=registry,
        )
        self.recommendations = Counter(
            "catchup_recommendations_total", "Answers.", ["use_case", "arm"], registry=registry
        )
        self.recommendation_seconds = Histogram(
            "catchup_recommendation_seconds",
            "Time to answer.",
            ["use_case"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.source_failures = Counter(
            "catchup_source_failures_total", "Candidate sources left out.", ["source"], registry=registry
        )
        self.events = Counter("catchup_events_total", "Events taken.", ["kind", "outcome"], registry=registry)
        self.snapshot_age_seconds = Gauge(
            "catchup_snapshot_age_seconds", "Age of the feature snapshot.", ["workspace"], registry=registry
        )

    def pool(self, kind: str, node: str) -> None:
        """Count what happened to a model node, `node` empty where the pool as a whole is meant."""
        self.pool_events.labels(kind=kind, node=node).inc()


class Log:
    """Writes one JSON line per event: a name, the time, and fields that are numbers, identifiers or SafeText.

    log.info("request", route="/v1/summaries", status=200, ms=12.5)
    """

    def __init__(self, clock: Clock, stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
        self._clock = clock
        self._stream = stream
        self._level = level

    def info(self, name: str, **fields: Metadata | SafeText) -> None:
        """Write what happened in the ordinary course."""
        self._write(logging.INFO, name, fields)

    def warning(self, name: str, **fields: Metadata | SafeText) -> None:
        """Write what an operator should look at some day."""
        self._write(logging.WARNING, name, fields)

    def error(self, name: str, **fields: Metadata | SafeText) -> None:
        """Write what an operator should look at now."""
        self._write(logging.ERROR, name, fields)

    def _write(self, level: int, name: str, fields: dict[str, Metadata | SafeText]) -> None:
        if level < self._level:
            return
        line: dict[str, Any] = {"at": self._clock.now(), "level": logging.getLevelName(level), "event": name}
        for field, value in fields.items():
            line[field] = str(value) if isinstance(value, SafeText) else metadata_only(field, value)
        self._stream.write(orjson.dumps(line, option=orjson.OPT_UTC_Z).decode() + "\n")
        self._stream.flush()
