"""The numbers of this process in the words of Prometheus: `counts`, and what is so right now.

Belongs here: names, units and help texts; they are read by programs and have no translation. No
number tells what a ballot says or who somebody is.
"""

import time
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from townhall.counts import COUNTS, Histogram
from townhall.hall import Hall


class _Collected(Collector):
    """What one scrape found."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> list[Metric]:
        return self._metrics


def exposed(hall: Hall, present: Mapping[str, int]) -> bytes:
    """The text that Prometheus reads. `present` is forum code -> seats that are here."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collected([*_counted(), *_now(hall, present)]))
    return generate_latest(registry)


def _counted() -> Iterator[Metric]:
    yield _counter("votes", "Answers to votes, by status.", "status", COUNTS.votes)
    yield _counter("ended", "Connections that the server ended.", "reason", COUNTS.ended)
    yield CounterMetricFamily(
        "townhall_stale",
        "Clients that read too slowly and skipped frames.",
        COUNTS.stale,
    )
    yield _histogram("acknowledged_seconds", "From a vote to its answer.", COUNTS.acknowledged)
    yield _histogram("batch_ballots", "Ballots that shared one transaction.", COUNTS.batch)
    yield _histogram("commit_seconds", "One batch's transaction and commit.", COUNTS.commit)
    yield _histogram("loop_lag_seconds", "How late the event loop came back.", COUNTS.lag)


def _now(hall: Hall, present: Mapping[str, int]) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "townhall_processor_seconds", "Processor time of all threads.", time.process_time()
    )
    yield _gauge("waiting", "Changes that stand in the writer's line.", hall.writer.waiting)
    yield _gauges("sockets", "Sockets of this process.", "audience", COUNTS.sockets)
    yield _gauges("present", "Seats that are here, over all processes.", "forum", present)
    yield _gauge("bus_up", "1 where other processes' news arrives.", not hall.hub.deaf)
    yield _gauge("saving", "1 while changes can be saved.", hall.database.trouble.reason is None)
    if (free := hall.database.free_bytes()) is not None:
        yield _gauge("disk_free_bytes", "Free space where the database lies.", free)


def _counter(name: str, help_: str, label: str, values: Mapping[str, int]) -> Metric:
    found = CounterMetricFamily(f"townhall_{name}", help_, labels=[label])
    for value, n in sorted(values.items()):
        found.add_metric([value], n)
    return found


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"townhall_{name}", help_, float(value))


def _gauges(name: str, help_: str, label: str, values: Mapping[str, int]) -> Metric:
    found = GaugeMetricFamily(f"townhall_{name}", help_, labels=[label])
    for value, n in sorted(values.items()):
        found.add_metric([value], n)
    return found


def _histogram(name: str, help_: str, observed: Histogram) -> Metric:
    buckets, total = [], 0
    for bound, n in zip([*observed.bounds, float("inf")], observed.counts, strict=True):
        total += n
        buckets.append((str(bound) if bound < float("inf") else "+Inf", float(total)))
    found = HistogramMetricFamily(f"townhall_{name}", help_)
    found.add_metric([], buckets, observed.sum)
    return found
