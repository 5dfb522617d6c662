"""Metrics in the text format of Prometheus."""

from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from tiedtts import __version__
from tiedtts.serving.engine import Engine

if TYPE_CHECKING:
    from tiedtts.serving.observer import Observation

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the text format."""
_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """Counts of one server.

    Args:
        engine: Its texts in hand are shown.
    """

    def __init__(self, engine: Engine) -> None:
        # Otherwise each count has a second one, with the time when it began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        Gauge("tiedtts_info", "Version.", ["version"], registry=registry).labels(__version__).set(1)
        self.requests_now = Gauge(
            "tiedtts_requests_in_progress", "Requests that are being answered.", registry=registry
        )
        self._requests = Counter(
            "tiedtts_requests", "Requests by route and status.", ["route", "status"], registry=registry
        )
        self._first_byte = Histogram(
            "tiedtts_first_byte_seconds",
            "Time from a request for speech to the first byte of its sound.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._whole = Histogram(
            "tiedtts_speech_request_seconds",
            "Time from a request for speech to the end of its answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._speech = Counter("tiedtts_speech_seconds", "Speech made.", ["voice"], registry=registry)
        self._characters = Counter(
            "tiedtts_characters", "Characters of text accepted.", ["voice"], registry=registry
        )
        self._bytes = Counter("tiedtts_sent_bytes", "Bytes of sound sent.", ["format"], registry=registry)
        self._left = Counter("tiedtts_clients_left", "Clients that left before the end.", registry=registry)
        self._refused = Counter("tiedtts_refused", "Refusals by their code.", ["code"], registry=registry)
        Gauge("tiedtts_texts_in_hand", "Texts that are spoken or sent now.", registry=registry).set_function(
            lambda: engine.open
        )
        Gauge("tiedtts_texts_waiting", "Texts that wait for a thread.", registry=registry).set_function(
            lambda: engine.waiting
        )

    def count(self, seen: "Observation", route: str) -> None:
        """Count a request that has ended."""
        self._requests.labels(route, str(seen.status)).inc()
        if seen.left:
            self._left.inc()
        if seen.code is not None:
            self._refused.labels(seen.code).inc()
        if seen.voice is None or seen.format is None:
            return
        self._characters.labels(seen.voice).inc(seen.characters or 0)
        self._speech.labels(seen.voice).inc(seen.speech_seconds or 0.0)
        self._bytes.labels(seen.format).inc(seen.bytes_sent)
        if seen.first_byte is not None:
            self._first_byte.observe(seen.first_byte)
            if seen.whole:
                self._whole.observe(seen.seconds)

    def text(self) -> bytes:
        """Return all metrics."""
        return generate_latest(self._registry)
