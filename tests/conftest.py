from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from graphgen import Engine
from tests.support import CALLS, CORE, Pack

settings.register_profile(
    "graphgen", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("graphgen")

HERE = Path(__file__).parent
LAST = ("cli", "client", "server", "benchmarks", "workflows", "web")
"""What waits for processes, models and browsers."""


def pytest_configure():
    # The workers of pytest-xdist share the cores. Before one imports torch.
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    if workers > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    # Jobs in the background of a shell ignore Ctrl+C, and so would what they start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Fast ones first."""
    order = {HERE / name: place for place, name in enumerate(LAST, 1)}
    items.sort(key=lambda item: max(order.get(folder, 0) for folder in item.path.parents))


@pytest.fixture(autouse=True, scope="module")
def _frozen():
    """What is alive before a file is no garbage of its tests. Many of them have it collected,
    and would look through half a million objects of torch and the like each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fresh_counts():
    CALLS.clear()


@pytest.fixture
def make_engine(tmp_path):
    """Makes engines of the core's test nodes and those given, without installed packs."""
    made = []

    def make(*nodes, types=(), loaders=None, models=None, plugins=(), **options):
        options = {
            "installed": False,
            "workspace": tmp_path / "workspace",
            "device": "cpu",
            "workers": 4,
            **options,
        }
        known = [n for n in CORE if n not in nodes]
        pack = Pack(*known, *nodes, types=types, loaders=loaders, models=models)
        engine = Engine([pack, *plugins], **options)
        assert engine.problems == [] or plugins
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.free_memory()


@pytest.fixture
def engine(make_engine):
    return make_engine()
