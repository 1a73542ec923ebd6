"""Figures for Prometheus: counted from the events, and read from the engine when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import devices
from ..engine.events import NodeCached, NodeFailed, NodeFinished
from ..runs import RunEnded

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from ..engine import Engine
    from ..runs import RunQueue


class Metrics:
    """An observer of the feed. prometheus-client is imported when a page is asked for."""

    def __init__(self, engine: Engine, queue: RunQueue) -> None:
        self._engine = engine
        self._queue = queue
        self._runs: Counter[str] = Counter()
        self._run_seconds = 0.0
        self._nodes: Counter[tuple[str, str]] = Counter()
        self._node_seconds: Counter[str] = Counter()

    def __call__(self, event: Any) -> None:
        kind = type(event)
        if kind is NodeFinished:
            self._nodes[event.type, "finished"] += 1
            self._node_seconds[event.type] += event.seconds
        elif kind is NodeCached:
            self._nodes[event.type, "cached"] += 1
        elif kind is NodeFailed:
            self._nodes[event.type, "failed"] += 1
        elif kind is RunEnded:
            self._runs[event.status] += 1
            self._run_seconds += event.record.seconds or 0.0

    def page(self) -> tuple[bytes, str]:
        """The page, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def describe(self) -> list[Metric]:
        """Nothing: the registry lives for one page."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures, for prometheus-client."""
        yield _counted("graphgen_runs", "Runs that ended, by status", ["status"], self._runs)
        yield _counted(
            "graphgen_run_seconds", "Time of runs that ended", [], {(): self._run_seconds}
        )
        yield _counted(
            "graphgen_nodes",
            "Nodes by type and what became of them",
            ["type", "status"],
            self._nodes,
        )
        yield _counted(
            "graphgen_node_seconds", "Time in functions of nodes", ["type"], self._node_seconds
        )
        active = self._queue.active()
        running = sum(record.status == "running" for record in active)
        yield _gauge("graphgen_queue_length", "Runs that wait", [], {(): len(active) - running})
        yield _gauge("graphgen_queue_running", "Runs that are carried out", [], {(): running})
        yield from self._cache()
        yield from self._memory()

    def _cache(self) -> Iterator[Metric]:
        stats = self._engine.cache.stats()
        yield _counted("graphgen_cache_hits", "Values found in the cache", ["tier"], stats.hits)
        yield _counted("graphgen_cache_misses", "Values not found", [], {(): stats.misses})
        yield _gauge("graphgen_cache_bytes", "Size of the cache", ["tier"], stats.nbytes)
        yield _gauge("graphgen_cache_entries", "Values in the cache", ["tier"], stats.entries)
        yield _gauge("graphgen_cache_budget_bytes", "Size it may have", ["tier"], stats.budgets)
        yield _counted("graphgen_cache_evictions", "Values without room", ["tier"], stats.evictions)
        yield _counted(
            "graphgen_cache_moves",
            "Values taken to another tier",
            ["source", "target"],
            stats.moves,
        )

    def _memory(self) -> Iterator[Metric]:
        pool = self._engine.pool.statistics()
        weights = {device: use.nbytes for device, use in pool.devices.items()}
        yield _gauge("graphgen_model_bytes", "Weights that are loaded", ["device"], weights)
        yield _counted("graphgen_model_loads", "Models read from files", [], {(): pool.loads})
        yield _counted("graphgen_model_hits", "Models found loaded", [], {(): pool.hits})
        yield _counted("graphgen_model_moves", "Models taken to a device", [], {(): pool.moves})
        yield _counted("graphgen_model_drops", "Models dropped for room", [], {(): pool.drops})
        used = {"cpu": resident_bytes()}
        used.update({device: devices.held(device) for device in devices.accelerators()})
        yield _gauge("graphgen_memory_bytes", "Memory that this process holds", ["device"], used)


def resident_bytes() -> int:
    """Memory of this process; its peak where the system tells no more."""
    try:
        import resource
        from pathlib import Path

        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize()
    except (ImportError, OSError):
        return 0


def _counted(name: str, about: str, labels: list[str], values: Any) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    return _filled(CounterMetricFamily(name, about, labels=labels), values)


def _gauge(name: str, about: str, labels: list[str], values: Any) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return _filled(GaugeMetricFamily(name, about, labels=labels), values)


def _filled(family: Any, values: Any) -> Metric:
    for key, value in list(values.items()):
        family.add_metric([key] if isinstance(key, str) else list(key), value)
    return family
