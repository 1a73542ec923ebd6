"""What a server keeps in memory, shown and freed."""

from __future__ import annotations

from dataclasses import asdict

from ..client import Client, MemoryUse
from .models import size_text
from .report import Report
from .tables import columns


def cache_there(report: Report, url: str, token: str | None, free: bool) -> int:
    """Show what a server keeps where, after it has freed what it can if that is wanted."""
    with Client(url, token) as client:
        freed = client.free_memory() if free else 0
        use = client.memory()
    if report.as_json:
        report.object({"server": url, "freed": freed, **asdict(use)})
        return 0
    if free:
        report.line(f"{size_text(freed)} given back")
    for line in columns(_tiers(use)):
        report.line(line)
    for line in columns(_devices(use)):
        report.line(line)
    return 0


def _tiers(use: MemoryUse) -> list[list[str]]:
    rows = [["outputs on", "held", "may be held", "entries", "hits", "evicted"]]
    for tier in use.tiers:
        sizes = [size_text(tier.nbytes), size_text(tier.budget)]
        counts = [str(tier.entries), str(tier.hits), str(tier.evictions)]
        rows.append([tier.name, *sizes, *counts])
    for move in use.moves:
        rows.append([f"{move.source} to {move.target}", f"{move.count} moved"])
    return rows


def _devices(use: MemoryUse) -> list[list[str]]:
    rows = [["device", "free", "of", "models"]]
    for device in use.devices:
        sizes = [size_text(device.free), size_text(device.total), size_text(device.weights)]
        rows.append([device.name, *sizes])
    for model in use.models:
        used = "in use" if model.users else "idle"
        rows.append([model.name, size_text(model.nbytes), model.device, used])
    return rows
