"""The queue, the history, and single runs."""

from __future__ import annotations

import pytest

from graphgen import RunFailed
from graphgen.client import Conflict, NotFound, ServerBusy
from tests.server.nodes import ENTERED, GATE
from tests.support import graph

NUMBER = graph({"n": "core/number"}, {"n": "n.value"}, {"value": "n.value"})
WAIT = graph({"w": "test/wait"}, {"n": "w.value"})


def test_a_paused_queue_begins_nothing_until_it_goes_on(client):
    assert client.pause().paused is True
    ids = [client.submit(NUMBER, {"value": value}) for value in range(3)]
    queue = client.queue()

    assert (queue.paused, queue.running, queue.queued) == (True, [], ids)
    assert client.reorder(ids[:0:-1]).queued == [ids[2], ids[1], ids[0]]
    assert client.set_priority(ids[0], 5).priority == 5
    assert client.queue().queued == [ids[0], ids[2], ids[1]]
    assert client.resume().paused is False
    runs = [client.wait(run_id) for run_id in ids]
    assert [run.outputs["n"] for run in runs] == [0, 1, 2]
    assert runs[0].started < runs[2].started < runs[1].started


def test_cancelling(client):
    running, waiting = client.submit(WAIT), client.submit(NUMBER)
    assert ENTERED.wait(20)

    assert client.cancel(waiting).status == "cancelled"
    client.cancel(running)
    with pytest.raises(RunFailed, match="cancelled"):
        client.wait(running)
    with pytest.raises(Conflict) as caught:
        client.cancel(running)
    assert caught.value.state == "cancelled"


def test_the_history_comes_in_pages(client):
    ids = [
        client.run(NUMBER, {"value": value}, name="even"[value % 2 :]).run_id for value in range(5)
    ]

    assert [run.run_id for run in client.runs()] == ids[::-1]
    first = client.runs(limit=2)
    assert [run.run_id for run in client.runs(limit=2, before=first[-1].run_id)] == ids[2:0:-1]
    assert [run.outputs["n"] for run in client.runs(workflow="even")] == [4, 2, 0]
    assert client.runs(status="failed") == []


def test_what_is_not_there_is_an_error(client):
    for call in (client.get, client.cancel, client.wait, client.workflow_of):
        with pytest.raises(NotFound, match="nobody"):
            call("nobody")


def test_a_full_queue_is_an_error_that_says_when_to_come_again(make_server, make_client):
    client = make_client(make_server(capacity=1))
    client.pause()
    client.submit(NUMBER)

    for submit in (client.submit, client.run):
        with pytest.raises(ServerBusy) as caught:
            submit(NUMBER)
        assert caught.value.status == 429
        assert caught.value.retry_after > 0
    GATE.set()
