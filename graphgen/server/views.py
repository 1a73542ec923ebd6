"""Runs, the queue and what is in memory as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..engine.ladder import understood

if TYPE_CHECKING:
    from ..engine.memory import MemoryUse
    from ..runs import RunQueue, RunRecord
    from ..saved import SavedWorkflow


def run_dict(record: RunRecord) -> dict[str, Any]:
    """A run; its files with the addresses that serve them."""
    run = {**record.to_dict(), "outputs": outputs_dict(record)}
    run["nodes"].update(
        {id: _again(node) for id, node in run["nodes"].items() if "retries" in node}
    )
    return run


def _again(node: dict[str, Any]) -> dict[str, Any]:
    """A node with how it was run again, last, in the terms of ``node_retried``."""
    plan = understood(node["retries"][-1])
    return {**node, "retried": {"means": plan[0], "divisor": plan[1]}} if plan else node


def ended_dict(record: RunRecord) -> dict[str, Any]:
    """What the event of a run's end says of it."""
    return {
        "status": record.status,
        "seconds": record.seconds,
        "outputs": outputs_dict(record),
        "problems": [problem.to_dict() for problem in record.problems],
    }


def outputs_dict(record: RunRecord) -> dict[str, list[dict[str, Any]]]:
    """The outputs of a run by name; files with the address that serves them."""
    return {
        name: [
            {**item, "url": output_url(record.run_id, name, at)} if "file" in item else item
            for at, item in enumerate(items)
        ]
        for name, items in record.outputs.items()
    }


def output_url(run_id: str, name: str, at: int) -> str:
    return f"/api/runs/{run_id}/outputs/{quote(name, safe='')}/{at}"


def queue_dict(queue: RunQueue, active: list[RunRecord]) -> dict[str, Any]:
    """The queue; ids of its active runs in their order."""
    return {
        "paused": queue.paused,
        "running": [record.run_id for record in active if record.status == "running"],
        "queued": [record.run_id for record in active if record.status == "queued"],
        "capacity": queue.capacity,
    }


def memory_dict(use: MemoryUse) -> dict[str, Any]:
    """What is kept where."""
    return {
        "tiers": [
            {
                "name": tier.name,
                "bytes": tier.nbytes,
                "budget": tier.budget,
                "entries": tier.entries,
                "hits": tier.hits,
                "evictions": tier.evictions,
            }
            for tier in use.tiers
        ],
        "misses": use.misses,
        "moves": [
            {"source": move.source, "target": move.target, "count": move.count}
            for move in use.moves
        ],
        "devices": [
            {
                "name": device.name,
                "free": device.free,
                "total": device.total,
                "weights": device.weights,
                "weights_budget": device.weights_budget,
            }
            for device in use.devices
        ],
        "models": [
            {
                "name": model.name,
                "loader": model.loader,
                "device": model.device,
                "dtype": model.dtype,
                "bytes": model.nbytes,
                "mapped": model.mapped,
                "users": model.users,
                "hits": model.hits,
                "offloaded": model.offloaded,
            }
            for model in use.models
        ],
    }


def saved_dict(entry: SavedWorkflow) -> dict[str, Any]:
    """A saved workflow in a list."""
    return {
        "name": entry.name,
        "title": entry.title,
        "description": entry.description,
        "revision": entry.revision,
        "modified": entry.modified,
        "problem": entry.problem.to_dict() if entry.problem else None,
    }
