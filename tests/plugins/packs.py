"""Real packs on disk: installed ones with their metadata, and those of folders."""

from __future__ import annotations

import textwrap
from pathlib import Path

NODE = """
    from graphgen import hookimpl, node

    @node("{name}/{node}", title="Number", version={version})
    def number(value: int = {value}) -> int:
        '''Give a number.'''
        return value

    @hookimpl
    def graphgen_nodes():
        return [number]
"""


def code(name: str, node: str = "number", value: int = 1, version: int = 1) -> str:
    """A pack of one node."""
    return NODE.format(name=name, node=node, value=value, version=version)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def install(site: Path, name: str, text: str, version: str = "1.0", requires: str = "") -> None:
    """Make a module an installed distribution with a pack, as pip would."""
    info = site / f"{name}-{version}.dist-info"
    needed = f"Requires-Dist: {requires}\n" if requires else ""
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}")
    write(info / "entry_points.txt", f"[graphgen]\n{name} = {name}_pack\n")
    write(site / f"{name}_pack.py", text)
