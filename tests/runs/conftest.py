from __future__ import annotations

import pytest

from graphgen.runs import RunQueue, RunStore
from tests.runs.nodes import HERE, NODES, TYPES


@pytest.fixture(autouse=True)
def _fresh():
    HERE.reset()
    yield
    HERE.go.set()


@pytest.fixture
def engine(make_engine, tmp_path):
    return make_engine(*NODES, types=TYPES, cache_dir=tmp_path / "workspace" / "cache")


@pytest.fixture
def make_queue(engine):
    """Makes open queues on one workspace; all are closed in the end."""
    made = []

    def make(engine=engine, **options):
        store = RunStore(engine.workspace.root / "graphgen.db")
        queue = RunQueue(engine, store, **options)
        made.append(queue)
        queue.open()
        return queue

    yield make
    HERE.go.set()
    for queue in made:
        queue.close(timeout=10)


@pytest.fixture
def events():
    return []


@pytest.fixture
def queue(make_queue, events):
    return make_queue(listeners=[events.append])
