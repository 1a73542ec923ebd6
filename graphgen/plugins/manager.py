"""Packs loaded together, and all that they bring. One that fails takes nothing down."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pluggy

from ..fingerprint import forget_sources
from ..models.reference import ModelLoader
from ..problems import GraphgenError, Problem
from ..registry import Registry
from . import hookspecs
from .discovery import Choice, find_packs
from .pack import Pack, said

__all__ = ["Choice", "Pack", "Plugins"]
log = logging.getLogger(__name__)


class Plugins:
    """The packs of one engine, and everything they bring.

    Args:
        given: Modules or objects with hooks.
        installed: Whether installed packs, and those of the workspace, are used.
        choice: Where packs are looked for, in full; instead of the others.
        before: Packs of an earlier look, see ``find_packs``.

    Raises:
        InvalidWorkflow: As ``find_packs``.
    """

    def __init__(
        self,
        given: Sequence[Any] = (),
        installed: bool = True,
        choice: Choice | None = None,
        before: Sequence[Pack] = (),
    ) -> None:
        self.choice = choice or Choice(given, installed)
        self.packs = find_packs(self.choice, before)
        self.registry = Registry()
        self.loaders: dict[str, ModelLoader] = {}
        self.models: dict[str, Path] = {}
        self.manager = _manager()
        while not self._load():
            pass  # a pack was left out: what leaned on it has to be judged again

    def again(self) -> Plugins:
        """The packs as they are found now. Packs of folders are read again if their files
        changed, under another name, so that what runs goes on with the old ones; an
        installed pack that is loaded stays as it is."""
        forget_sources()
        importlib.invalidate_caches()
        return Plugins(choice=self.choice, before=self.packs)

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
            if pack.in_use:
                try:
                    for answer in self._call(hook, pack):
                        take(pack, answer)
                except (Exception, SystemExit) as error:
                    log.warning("%s of the pack %s failed", hook, pack.name, exc_info=error)
                    message = f"{hook} of the pack {pack.name!r} is not used: {said(error)}"
                    failed[pack.name] = Problem("hook_failed", message)
        return failed

    def _load(self) -> bool:
        """Load every pack that has not failed; False as soon as one more does."""
        self.registry, self.manager = Registry(), _manager()
        self.loaders, self.models = {}, {}
        sound = [pack for pack in self.packs if pack.in_use]
        for pack in self.packs:
            pack.nodes, pack.types, pack.loaders, pack.models = [], [], [], []
        for pack in sound:
            try:
                self.manager.register(pack.plugin, name=pack.name)
                self.manager.check_pending()
                self._check_hooks(pack)
                types = _flat(self._call("graphgen_types", pack))
                self.registry.add_types(types)
                pack.types = [spec.name for spec in types]
            except (Exception, SystemExit) as error:
                pack.fail(error)
                return False
        for pack in sound:
            try:
                functions = _flat(self._call("graphgen_nodes", pack))
                self.registry.add_nodes(functions, pack.name)
                loaders = self._call("graphgen_model_loaders", pack)
                pack.loaders = _merge(self.loaders, loaders, "model loader")
                models = self._call("graphgen_models", pack)
                pack.models = _merge(self.models, models, "model")
            except (Exception, SystemExit) as error:
                pack.fail(error)
                return False
            pack.nodes = [id for id, owner in self.registry.pack_of.items() if owner == pack.name]
            if pack.origin in ("installed", "folder"):
                self.registry.packs[pack.name] = pack.version
        self.registry.absent = {
            pack.name: pack.off or "it could not be loaded"
            for pack in self.packs
            if not pack.in_use
        }
        return True

    def _check_hooks(self, pack: Pack) -> None:
        """What somebody put among the packs has hooks, or is no pack."""
        if pack.origin != "given" and not self.manager.get_hookcallers(pack.plugin):
            hint = "mark its functions, such as graphgen_nodes, with @hookimpl of graphgen"
            raise GraphgenError(Problem("no_hooks", "it has no hooks", hint=hint))

    def _call(self, hook: str, pack: Pack) -> list[Any]:
        others = [p for p in self.manager.get_plugins() if p is not pack.plugin]
        return self.manager.subset_hook_caller(hook, others)()


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _flat(answers: Iterable[Iterable[Any]]) -> list[Any]:
    return [item for answer in answers for item in answer]


def _merge(into: dict[str, Any], answers: Iterable[Mapping[str, Any]], what: str) -> list[str]:
    """The names that were added."""
    added = []
    for answer in answers:
        for name, value in answer.items():
            if name in into:
                hint = "give it another name, such as one that begins with the pack's"
                raise GraphgenError(
                    Problem(
                        "duplicate_name", f"the {what} {name!r} is already registered", hint=hint
                    )
                )
            into[name] = value
            added.append(name)
    return added
