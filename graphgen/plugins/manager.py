"""Finding packs and loading them. A pack that fails is reported and takes nothing down."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from ..models.reference import ModelLoader
from ..problems import GraphgenError, Problem
from ..registry import Registry
from . import hookspecs

GROUP = "graphgen"
log = logging.getLogger(__name__)


@dataclass
class Pack:
    """A pack that was found.

    Attributes:
        name: Entry point name, or the name of the object that was given.
        plugin: The module or object with the hooks; None if it could not be imported.
        version: Version of its distribution.
        source: Where it came from.
        problem: Why it is not in use, if it is not.
        traceback: The same for its author.
    """

    name: str
    plugin: Any = None
    version: str = ""
    source: str = ""
    problem: Problem | None = None
    traceback: str = field(default="", repr=False)
    nodes: list[str] = field(default_factory=list)

    def fail(self, error: BaseException) -> None:
        self.problem = Problem(
            "pack_failed",
            f"the pack {self.name!r} was left out: {_said(error)}",
            hint="graphgen nodes --debug shows the traceback",
        )
        self.traceback = "".join(traceback.format_exception(error))


class Plugins:
    """The packs of one engine, and everything they bring.

    Args:
        given: Modules or objects with hooks.
        installed: Whether packs are also found by entry point.
    """

    def __init__(self, given: Sequence[Any] = (), installed: bool = True) -> None:
        self.packs: list[Pack] = list(_installed()) if installed else []
        taken = {pack.name for pack in self.packs}
        for plugin in given:
            name = base = getattr(plugin, "__name__", type(plugin).__name__)
            number = 1
            while name in taken:
                number += 1
                name = f"{base}-{number}"
            taken.add(name)
            self.packs.append(Pack(name, plugin, source="given to the engine"))
        self.registry = Registry()
        self.loaders: dict[str, ModelLoader] = {}
        self.models: dict[str, Path] = {}
        self.manager = _manager()
        while not self._load():
            pass  # a pack was left out: what leaned on it has to be judged again

    @property
    def problems(self) -> list[Problem]:
        """Why packs were left out."""
        return [pack.problem for pack in self.packs if pack.problem is not None]

    def observers(self) -> list[Callable[[Any], Any]]:
        """For each pack that observes runs, what to tell events to; so that one that
        fails does not silence the others."""
        watching = [impl.plugin for impl in self.manager.hook.graphgen_observe.get_hookimpls()]
        return [self._observer(plugin) for plugin in watching]

    def _observer(self, plugin: Any) -> Callable[[Any], Any]:
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        call = self.manager.subset_hook_caller("graphgen_observe", others)
        return lambda event: call(event=event)

    def ask(self, hook: str, take: Callable[[Pack, Any], None]) -> dict[str, Problem]:
        """Hand ``take`` what each pack answers to a hook; returns by pack what failed, in
        the pack or in ``take``. The others are not disturbed, nor what else it brings."""
        failed = {}
        for pack in self.packs:
            if pack.problem is None:
                try:
                    for answer in self._call(hook, pack):
                        take(pack, answer)
                except (Exception, SystemExit) as error:
                    log.warning("%s of the pack %s failed", hook, pack.name, exc_info=error)
                    message = f"{hook} of the pack {pack.name!r} is not used: {_said(error)}"
                    failed[pack.name] = Problem("hook_failed", message)
        return failed

    def _load(self) -> bool:
        """Load every pack that has not failed; False as soon as one more does."""
        self.registry, self.manager = Registry(), _manager()
        self.loaders, self.models = {}, {}
        sound = [pack for pack in self.packs if pack.problem is None]
        callers: list[tuple[Pack, Any]] = []
        for pack in sound:
            try:
                self.manager.register(pack.plugin, name=pack.name)
                self.manager.check_pending()
                callers.append((pack, pack.plugin))
                self.registry.add_types(_flat(self._call("graphgen_types", pack)))
            except (Exception, SystemExit) as error:
                pack.fail(error)
                return False
        for pack in sound:
            try:
                functions = _flat(self._call("graphgen_nodes", pack))
                self.registry.add_nodes(functions, pack.name)
                _merge(self.loaders, self._call("graphgen_model_loaders", pack), "model loader")
                _merge(self.models, self._call("graphgen_models", pack), "model")
            except (Exception, SystemExit) as error:
                pack.fail(error)
                return False
            pack.nodes = [id for id, owner in self.registry.pack_of.items() if owner == pack.name]
        return True

    def _call(self, hook: str, pack: Pack) -> list[Any]:
        others = [p for p in self.manager.get_plugins() if p is not pack.plugin]
        return self.manager.subset_hook_caller(hook, others)()


def _said(error: BaseException) -> str:
    if isinstance(error, GraphgenError):
        return "; ".join(str(problem) for problem in error.problems)
    return f"{type(error).__name__}: {error}"


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _installed() -> Iterable[Pack]:
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        distribution = entry.dist
        pack = Pack(
            entry.name,
            version=distribution.version if distribution else "",
            source=entry.value,
        )
        try:
            pack.plugin = entry.load()
        except (Exception, SystemExit) as error:
            pack.fail(error)
        yield pack


def _flat(answers: Iterable[Iterable[Any]]) -> list[Any]:
    return [item for answer in answers for item in answer]


def _merge(into: dict[str, Any], answers: Iterable[Mapping[str, Any]], what: str) -> None:
    for answer in answers:
        for name, value in answer.items():
            if name in into:
                raise GraphgenError(
                    Problem("duplicate_name", f"the {what} {name!r} is already registered")
                )
            into[name] = value
