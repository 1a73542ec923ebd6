"""``graphgen cache``."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import DebugOption, JsonOption, WorkspaceOption
from .report import Report

if TYPE_CHECKING:
    from ..cache.disk import DiskTier

EPILOG = """\b
Runs keep nothing on disk unless they are told to:
  graphgen run text_to_image.json --cache-dir ~/graphgen-cache
  graphgen cache --cache-dir ~/graphgen-cache
  graphgen cache clear --cache-dir ~/graphgen-cache
"""


class Action(enum.StrEnum):
    SHOW = "show"
    CLEAR = "clear"


def cache(
    action: Annotated[
        Action, typer.Argument(help="Say how much it holds, or remove its entries.")
    ] = Action.SHOW,
    cache_dir: Annotated[
        Path | None,
        typer.Option(
            "--cache-dir", metavar="DIR", help="Folder of the cache. [default: WORKSPACE/cache]"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Show or clear what runs have kept on disk.

    Only entries of the cache are removed; other files in its folder stay.
    """
    from .models import size_text

    report = Report(as_json, debug)
    tier = _tier(cache_dir, workspace)
    freed = tier.clear() if action is Action.CLEAR else 0
    entries, size = tier.usage()
    if as_json:
        report.object(
            {"folder": str(tier.folder), "entries": entries, "bytes": size, "freed": freed}
        )
    elif action is Action.CLEAR:
        report.line(f"{tier.folder}: {size_text(freed)} given back")
    else:
        report.line(f"{tier.folder}: {entries} entries, {size_text(size)}")
    return 0


def _tier(cache_dir: Path | None, workspace: Path | None) -> DiskTier:
    from ..cache.codec import Codec
    from ..cache.disk import DiskTier
    from ..engine.engine import DEFAULT_DISK_BYTES
    from ..types import Types
    from ..workspace import Workspace

    folder = cache_dir or Workspace(workspace).cache
    return DiskTier(folder.absolute(), Codec(Types()), DEFAULT_DISK_BYTES)
