"""The baseline of the server's figures: an aiohttp handler that commits one row to SQLite
and answers. ``python -m graphgen_benchmarks.bare_handler FILE`` prints its address."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time

from aiohttp import web


def make_app(path: str) -> web.Application:
    """One route, ``POST /rows``. Its commits are waited for as SQLite does by default, until
    the disk has them; so are those by which the server accepts a run."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, created REAL, body TEXT)")

    async def handle(request: web.Request) -> web.Response:
        row = (time.time(), json.dumps(await request.json()))
        added = database.execute("INSERT INTO rows (created, body) VALUES (?, ?)", row)
        return web.json_response({"id": added.lastrowid}, status=202)

    app = web.Application()
    app.add_routes([web.post("/rows", handle)])
    return app


async def serve(path: str) -> None:
    runner = web.AppRunner(make_app(path), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
