"""``graphgen cache``."""

from __future__ import annotations

import enum
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..problems import InvalidWorkflow, Problem
from .options import DebugOption, JsonOption, ServerOption, TokenOption, WorkspaceOption
from .report import Report

if TYPE_CHECKING:
    from ..cache.disk import DiskTier, KindOnDisk

EPILOG = """\b
Runs keep nothing on disk unless they are told to:
  graphgen run text_to_image.json --cache-dir ~/graphgen-cache
  graphgen cache --cache-dir ~/graphgen-cache
  graphgen cache clear --cache-dir ~/graphgen-cache

\b
A server keeps what nodes made on its devices, in host memory and on disk:
  graphgen cache --server http://gpu-box:8765
  graphgen cache free --server http://gpu-box:8765
"""
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class Action(enum.StrEnum):
    SHOW = "show"
    CLEAR = "clear"
    FREE = "free"


def cache(
    action: Annotated[
        Action,
        typer.Argument(
            help="Say how much it holds; remove what is on disk; or have a server free what it "
            "keeps in memory."
        ),
    ] = Action.SHOW,
    cache_dir: Annotated[
        Path | None,
        typer.Option(
            "--cache-dir", metavar="DIR", help="Folder of the cache. [default: WORKSPACE/cache]"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Show or clear what runs have kept on disk, or what a server keeps where.

    Only entries of the cache and a server's thumbnails are removed; other files in its folder
    stay. On a server it is memory that is freed, models included: what is in use stays, and so
    does its disk cache.
    """
    from ..server.pictures import THUMBNAILS, thumbnails_on_disk
    from .models import size_text

    report = Report(as_json, debug)
    if server is not None:
        if action is Action.CLEAR or cache_dir is not None:
            raise _usage("that is for a disk cache here", "graphgen cache free --server URL")
        from .cache_there import cache_there

        return cache_there(report, server, token, action is Action.FREE)
    if action is Action.FREE:
        raise _usage("memory is freed on a server, and there is no --server", None)
    tier = _tier(cache_dir, workspace)
    small = thumbnails_on_disk(tier.folder / THUMBNAILS)
    freed = tier.clear() + small.clear() if action is Action.CLEAR else 0
    kinds = tier.by_node_type()
    pictures, taken = small.usage()
    entries, size = sum(kind.entries for kind in kinds), sum(kind.nbytes for kind in kinds)
    if as_json:
        report.object(
            {
                "folder": str(tier.folder),
                "entries": entries,
                "bytes": size,
                "freed": freed,
                "thumbnails": {"entries": pictures, "bytes": taken},
                "made_by": [
                    {
                        "node_type": kind.made_by,
                        "entries": kind.entries,
                        "bytes": kind.nbytes,
                        "oldest": kind.oldest,
                        "newest": kind.newest,
                    }
                    for kind in kinds
                ],
            }
        )
    elif action is Action.CLEAR:
        report.line(f"{tier.folder}: {size_text(freed)} given back")
    else:
        report.line(f"{tier.folder}: {entries} entries, {size_text(size)}")
        _list(report, kinds)
        if pictures:
            report.line(f"{pictures} thumbnails, {size_text(taken)}")
    return 0


def _list(report: Report, kinds: list[KindOnDisk]) -> None:
    from .models import size_text
    from .tables import columns

    now = time.time()
    rows = [
        [
            kind.made_by or "(not told)",
            f"{kind.entries} entries",
            size_text(kind.nbytes),
            f"used {_ago(now - kind.newest)} ago, the oldest {_ago(now - kind.oldest)} ago",
        ]
        for kind in kinds
    ]
    for line in columns(rows):
        report.line(line)


def _ago(seconds: float) -> str:
    """``3 h``."""
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "0 s"


def _usage(said: str, hint: str | None) -> InvalidWorkflow:
    return InvalidWorkflow(Problem("usage", said, hint=hint))


def _tier(cache_dir: Path | None, workspace: Path | None) -> DiskTier:
    from ..cache.codec import Codec
    from ..cache.disk import DiskTier
    from ..engine.engine import DEFAULT_DISK_BYTES
    from ..types import Types
    from ..workspace import Workspace

    folder = cache_dir or Workspace(workspace).cache
    return DiskTier(folder.absolute(), Codec(Types()), DEFAULT_DISK_BYTES)
