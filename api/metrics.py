"""What `/metrics` shows: requests, tasks, sizes of public things. Nothing that counts bids or names a tender.

Counts of the door are secret until the opening (ZTBF 22): how many streams and slips came in is not a metric.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
_QUIET = ("/v1/streams", "/v1/slips", "/v1/partner/")


class Metrics:
    """The metrics of one process; each has a registry of its own, so that several cities fit into one test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "sunbid_http_requests", "Requests by path template and status.", ("path", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "sunbid_http_seconds", "Time to answer.", ("path",), buckets=_BUCKETS, registry=self.registry
        )
        self.failing_tasks = Gauge("sunbid_failing_tasks", "Tasks whose last run failed.", registry=self.registry)

    def note(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request, unless its path belongs to the door."""
        if path.startswith(_QUIET):
            return
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)
