"""Packs of folders: a package, a module, or a project that was not installed.

Each is imported under a name of its own, so that neither packs nor other modules of the same
name meet, and a pack that is read again leaves the one before it, which runs may still use,
untouched. Imports within a pack are therefore relative.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from ..fingerprint import COPY_MARK

PREFIX = "graphgen_pack_"
_NUMBERS = count(1)


@dataclass(frozen=True)
class FolderPack:
    """A pack as it lies in a folder, not imported yet.

    Attributes:
        name: Of the pack.
        path: The package folder or the module file.
        inner: What to import below the package, and the attribute of it, if not the package.
        root: What belongs to it: the same as ``path``, or the project around it.
        requirements: As ``requires.judge`` takes them.
        problem: Why it can't be a pack, and what to do.
    """

    name: str
    path: Path
    inner: str = ""
    root: Path | None = None
    version: str = ""
    requirements: Sequence[str] = ()
    problem: tuple[str, str] | None = field(default=None)

    def stamp(self) -> object:
        """Changes with the files."""
        return tuple(sorted(_stamps(self.root or self.path)))

    def load(self) -> Any:
        """Import it afresh."""
        fullname = f"{PREFIX}{self.name}{COPY_MARK}{next(_NUMBERS)}"
        try:
            module: Any = _import(fullname, self.path)
            names, _, attribute = self.inner.partition(":")
            if names:
                module = importlib.import_module(f"{fullname}.{names}")
            return getattr(module, attribute) if attribute else module
        except BaseException:
            for name in [n for n in sys.modules if n.split(".")[0] == fullname]:
                del sys.modules[name]
            raise


def packs_in(folder: Path) -> Iterator[FolderPack]:
    """The packs that lie in a folder, by name; or the one that the folder itself is."""
    own = [*_project(folder)] or [*_package(folder)]
    if own:
        yield from own
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            yield from [*_project(path)] or [*_package(path)] or _no_package(path)
        elif path.suffix == ".py":
            yield FolderPack(path.stem, path, **_declared(path))


def _package(folder: Path) -> Iterator[FolderPack]:
    start = folder / "__init__.py"
    if start.is_file():
        yield FolderPack(folder.name, folder, **_declared(start))


def _no_package(folder: Path) -> Iterator[FolderPack]:
    if any(folder.glob("*.py")):
        problem = (f"{folder} has modules and no __init__.py", "add one, with the pack's hooks")
        yield FolderPack(folder.name, folder, problem=problem)


def _project(folder: Path) -> Iterator[FolderPack]:
    """The packs that a project would install, by its ``pyproject.toml``."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return
    import tomllib

    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
        entries = dict(project.get("entry-points", {}).get("graphgen", {}))
        requirements = [str(each) for each in project.get("dependencies", ())]
        version = str(project.get("version", ""))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        problem = (f"{path} can't be read: {error}", "mend it")
        yield FolderPack(folder.name, folder, problem=problem)
        return
    for name, value in sorted(entries.items()):
        modules, _, attribute = str(value).partition(":")
        package, _, inner = modules.strip().partition(".")
        homes = [base / package for base in (folder, folder / "src")]
        found = next((h for h in homes if (h / "__init__.py").is_file()), None)
        found = found or next(
            (h.with_suffix(".py") for h in homes if h.with_suffix(".py").is_file()), None
        )
        if found is None:
            problem = (f"{path} names {package!r}, which is not there", "look at its entry points")
            yield FolderPack(name, folder, problem=problem)
            continue
        inner = f"{inner}:{attribute.strip()}" if attribute else inner
        start = found / "__init__.py" if found.is_dir() else found
        declared = _declared(start)
        yield FolderPack(
            name,
            found,
            inner,
            folder,
            version or declared["version"],
            [*requirements, *declared["requirements"]],
        )


def _declared(path: Path) -> dict[str, Any]:
    """Version and required graphgen as a module writes them, read without importing it: a
    pack for a newer graphgen may not even be importable."""
    found = {"__version__": "", "requires_graphgen": ""}
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):  # importing it will say so
        body = []
    for item in body:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant):
            for target in item.targets:
                if isinstance(target, ast.Name) and target.id in found:
                    found[target.id] = str(item.value.value)
    return {"version": found["__version__"], "requirements": [found["requires_graphgen"]]}


def _stamps(path: Path) -> Iterator[tuple[str, int, int]]:
    if not path.is_dir():
        with suppress(OSError):  # gone in this moment, as when an editor saves
            stat = path.stat()
            yield str(path), stat.st_mtime_ns, stat.st_size
        return
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        for name in files:
            yield from _stamps(Path(folder, name))


class _Source(SourceFileLoader):
    """Reads the source itself: bytecode is told apart by seconds, and edits are quicker."""

    def path_stats(self, path: str) -> Any:
        raise OSError("no bytecode for packs of folders")


class _Finder:
    """Finds the modules within packs of folders."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or not fullname.startswith(PREFIX):
            return None
        for folder in path:
            finder = FileFinder(
                folder, (_Source, SOURCE_SUFFIXES), (ExtensionFileLoader, EXTENSION_SUFFIXES)
            )
            found = finder.find_spec(fullname)
            if found is not None:
                return found
        return None


def _import(fullname: str, path: Path) -> ModuleType:
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    package = path.is_dir()
    start = path / "__init__.py" if package else path
    spec = importlib.util.spec_from_file_location(
        fullname,
        start,
        loader=_Source(fullname, str(start)),
        submodule_search_locations=[str(path)] if package else None,
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[fullname] = module
    spec.loader.exec_module(module)
    return module
