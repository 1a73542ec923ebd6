"""A real server on a real port in a thread, and a websocket that collects what it is sent."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import requests

from graphgen import Engine
from graphgen.runs import RunQueue, RunStore
from graphgen.saved import SavedWorkflows
from graphgen.server import Limits, Services
from graphgen.server.feed import Feed
from graphgen.server.security import Guard
from graphgen.server.serving import bind, run, serving

PATIENCE = 20.0


class Live:
    """A server that is up as long as the block lasts."""

    def __init__(
        self, engine: Engine, *, token: str = "", feed: Feed | None = None, **options: Any
    ):
        limits = options.pop("limits", None) or Limits()
        editor = options.pop("editor", None)
        local = options.pop("local", True)
        self.engine = engine
        feed = feed or Feed()
        store = RunStore(engine.workspace.root / "graphgen.db")
        self.queue = RunQueue(engine, store, listeners=[feed.publish], **options)
        self.guard = Guard(token=token, local=local)
        saved = SavedWorkflows(engine.workspace.workflows)
        more = {} if editor is None else {"editor": editor}
        self.parts = Services.over(engine, self.queue, feed, saved, self.guard, limits, **more)
        self.feed = feed
        self._up = threading.Event()
        self.http = requests.Session()
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Live:
        self.queue.open()
        self._listener = bind("127.0.0.1", 0)
        self._thread = threading.Thread(target=lambda: run(self._serve()), daemon=True)
        self._thread.start()
        assert self._up.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.queue.close()

    async def _serve(self) -> None:
        self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
        async with serving(self.parts, self._listener):
            self._up.set()
            await self._stop.wait()

    def stop(self) -> None:
        """End the server; the queue stays."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE)
        self._listener.close()

    @property
    def port(self) -> int:
        return self.guard.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", PATIENCE)
        return self.http.request(method, self.url + path, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        return self.call("POST", path, **options)

    def submit(self, document: dict[str, Any], **body: Any) -> str:
        """The id of an accepted run."""
        response = self.post("/api/runs", {"workflow": document, **body})
        assert response.status_code == 202, response.text
        return response.json()["run_id"]

    def run(self, document: dict[str, Any], **body: Any) -> dict[str, Any]:
        """A run that has ended."""
        headers = {"Prefer": "wait=20"}
        response = self.post("/api/runs", {"workflow": document, **body}, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    def watch(self, query: str = "", **options: Any) -> Watcher:
        return Watcher(f"ws://127.0.0.1:{self.port}/api/events{query}", **options)


class Watcher:
    """A websocket client in a thread; ``frames`` are what came, previews with ``bytes``.

    Args:
        pace: Seconds to wait after each frame, for a client that is slow.
    """

    def __init__(self, url: str, pace: float = 0.0, **options: Any):
        self.url, self.pace, self.options = url, pace, options
        self.frames: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()), daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        self.until(lambda frames: frames or self.error)
        if self.error:
            raise self.error
        return self

    def __exit__(self, *_: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(PATIENCE)

    async def _watch(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(self.url, **self.options) as socket,
            ):
                async for message in socket:
                    self._add(message)
                    if self.pace:
                        await asyncio.sleep(self.pace)
                self.close_code = socket.close_code
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.error = error
        with self._changed:
            self._changed.notify_all()

    def _add(self, message: Any) -> None:
        if message.type == aiohttp.WSMsgType.BINARY:
            (size,) = struct.unpack_from("!I", message.data)
            frame = json.loads(message.data[4 : 4 + size])
            frame["bytes"] = message.data[4 + size :]
        else:
            frame = json.loads(message.data)
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()

    def until(self, reached: Callable[[list[dict[str, Any]]], Any]) -> list[dict[str, Any]]:
        """The frames, once something is true of them."""
        with self._changed:
            done = self._changed.wait_for(lambda: reached(self.frames), PATIENCE)
            assert done, f"not reached; the last frames: {self.frames[-3:]}"
            return list(self.frames)

    def until_ended(self, run_id: str) -> list[dict[str, Any]]:
        """The frames up to the end of a run."""
        return self.until(lambda frames: any(is_end(frame, run_id) for frame in frames))

    def ended(self) -> bool:
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()


def is_end(frame: dict[str, Any], run_id: str) -> bool:
    return frame["type"] == "run_finished" and frame["run_id"] == run_id


def types_of(frames: list[dict[str, Any]], run_id: str) -> list[str]:
    return [frame["type"] for frame in frames if frame.get("run_id") == run_id]


def eventually(true: Callable[[], Any]) -> None:
    """Wait until something is true."""
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, "it did not become true"
        time.sleep(0.005)


def codes(response: requests.Response) -> list[str]:
    """Codes of the problems in an answer, after a look at its shape."""
    assert response.headers["Content-Type"] == "application/json", response.text
    problems = response.json()["problems"]
    assert problems
    for problem in problems:
        assert set(problem) == {"code", "message", "node", "port", "hint"}
        assert problem["code"]
        assert problem["message"]
        assert "Traceback" not in response.text
    return [problem["code"] for problem in problems]
