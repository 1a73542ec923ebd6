"""``graphgen models``."""

from __future__ import annotations

from typing import Any

from .options import DebugOption, JsonOption, ModelsOption, WorkspaceOption
from .report import Report

EPILOG = """\b
A model is a folder with model_index.json or config.json, or one file of weights
(.safetensors, .ckpt, .pt, .pth, .bin). Put it into the models folder of the workspace,
or name its folder with --models. Its name is its path below that folder.
"""


def models(
    workspace: WorkspaceOption = None,
    folders: ModelsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """List the models that workflows can name.

    They are those that packs bring, and your own; one of yours hides a pack's of its name.
    """
    from ..models.library import model_bytes
    from .session import open_engine
    from .tables import columns

    report = Report(as_json, debug)
    engine = open_engine(report, workspace, folders)
    library = engine.environment.models
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "kind": "folder" if path.is_dir() else "file",
            "bytes": model_bytes(path),
            "from": "pack" if library.packaged.get(name) == path else "folder",
            "path": str(path),
        }
        for name, path in sorted(library.entries().items())
    ]
    if as_json:
        report.object({"models": found, "folders": [str(folder) for folder in library.folders]})
        return 0
    rows = [[m["name"], m["kind"], size_text(m["bytes"]), m["from"], m["path"]] for m in found]
    for line in columns(rows):
        report.line(line)
    looked = ", ".join(str(folder) for folder in library.folders)
    report.note(f"{len(found)} models; your own are looked up in {looked}")
    return 0


def size_text(size: int) -> str:
    """``12.3 MB``."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
