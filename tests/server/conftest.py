from __future__ import annotations

import graphgen_nodes.image
import pytest

from tests.server.live import Live
from tests.server.nodes import ENTERED, GATE, STEERED


@pytest.fixture(autouse=True)
def _closed_gate():
    GATE.clear()
    ENTERED.clear()
    yield
    GATE.set()  # so that no node of an earlier test goes on waiting


@pytest.fixture
def make_server(make_engine, tmp_path):
    """Starts servers over the core's test nodes, the steered ones and the image pack."""
    started = []

    def make(*nodes, plugins=(), **options):
        workspace = options.pop("workspace", tmp_path / "workspace")
        engine = make_engine(
            *STEERED,
            *nodes,
            plugins=[graphgen_nodes.image, *plugins],
            workspace=workspace,
            cache_dir=workspace / "cache",
        )
        live = Live(engine, **options).__enter__()
        started.append(live)
        return live

    yield make
    for live in started:
        GATE.set()
        live.__exit__()


@pytest.fixture
def server(make_server):
    return make_server()
