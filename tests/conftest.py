from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from graphgen import Engine
from tests.support import CALLS, CORE, Pack

settings.register_profile(
    "graphgen", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("graphgen")


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
