from __future__ import annotations

import pytest

from graphgen import Client
from tests.server.conftest import _closed_gate, make_server, server

__all__ = ["_closed_gate", "make_server", "server"]


@pytest.fixture
def make_client():
    """Makes clients that are closed after the test."""
    made = []

    def make(live, **options):
        made.append(Client(live.url, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(server, make_client):
    return make_client(server)
