"""The same client in async code."""

from __future__ import annotations

import asyncio

import pytest

from graphgen import AsyncClient, RunFailed
from graphgen.client import AsyncFileList, WaitTimeout
from graphgen.engine import events as ev
from graphgen.runs import RunQueued
from tests.server.live import eventually
from tests.server.nodes import ENTERED, GATE
from tests.support import graph

ADD = graph({"a": "core/add"}, {"sum": "a.value"}, {"a": "a.a"})
WAIT = graph({"w": "test/wait"}, {"n": "w.value"})
PAINT = graph({"p": ("image/solid", {"batch": 2})}, {"image": "p.image"})


def with_client(server, use):
    async def main():
        async with AsyncClient(server.url) as client:
            return await use(client)

    return asyncio.run(main())


def test_a_run_with_its_events_and_files(server, tmp_path):
    async def use(client):
        events = []
        run = await client.run(PAINT, on_event=events.append)
        images = run.outputs["image"]
        assert isinstance(images, AsyncFileList)
        assert isinstance(events[0], RunQueued)
        assert isinstance(events[-1], ev.RunFinished)
        paths = await images.save(tmp_path)
        assert [path.read_bytes() for path in paths] == [await file.bytes() for file in images]
        sent = await client.files.upload(paths[0])
        assert await sent.bytes() == paths[0].read_bytes()
        await client.workflows.write("paint", PAINT)
        again = await client.workflows.run("paint")
        assert again.nodes["p"].status == "cached"
        return len(await client.runs())

    assert with_client(server, use) == 2


def test_many_at_once(server):
    async def use(client):
        return await asyncio.gather(*(client.run(ADD, {"a": number}) for number in range(50)))

    runs = with_client(server, use)
    assert [run.outputs["sum"] for run in runs] == [*range(50)]


def test_cancelling_the_task_cancels_the_run(server):
    async def use(client):
        task = asyncio.create_task(client.run(WAIT))
        assert await asyncio.to_thread(ENTERED.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (run,) = await client.runs()
        return run.run_id

    run_id = with_client(server, use)
    eventually(lambda: server.get(f"/api/runs/{run_id}").json()["status"] == "cancelled")


def test_cancelling_the_task_while_it_submits_leaves_no_run_behind(server):
    async def use(client):
        await client.queue()
        for delay in (0.0, 0.001, 0.002, 0.004, 0.008):
            task = asyncio.create_task(client.run(WAIT))
            await asyncio.sleep(delay)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with_client(server, use)
    runs = server.get("/api/runs").json()["runs"]
    eventually(
        lambda: all(run["status"] == "cancelled" for run in server.get("/api/runs").json()["runs"])
    )
    assert len(runs) <= 5


def test_two_tasks_wait_for_one_run(server):
    async def use(client):
        run_id = await client.submit(WAIT)
        waits = [asyncio.create_task(client.wait(run_id)) for _ in range(2)]
        assert await asyncio.to_thread(ENTERED.wait, 20)
        with pytest.raises(WaitTimeout):
            await client.wait(run_id, timeout=0.05)
        GATE.set()
        return await asyncio.gather(*waits)

    first, second = with_client(server, use)
    assert first == second


def test_failures(server):
    async def use(client):
        with pytest.raises(RunFailed, match="boom"):
            await client.run(graph({"f": "core/fail"}, {"f": "f.value"}))

    with_client(server, use)
