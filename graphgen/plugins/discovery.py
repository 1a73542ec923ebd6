"""Where packs come from: entry points, folders, and the program itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..problems import InvalidWorkflow, Problem
from . import requires
from .pack import Origin, Pack

if TYPE_CHECKING:
    from .settings import PluginSettings

GROUP = "graphgen"
DISTRIBUTION = "graphgen"
FOLDER = "plugins"
SETTINGS = "plugins.json"


@dataclass(frozen=True)
class Choice:
    """Which packs an engine looks for.

    Attributes:
        given: Modules or objects with hooks, which a program hands over.
        installed: Whether packs are found by entry point and in the workspace.
        third_party: Whether packs that do not ship with graphgen are used; or the names of
            the only ones that are, even if they are disabled in the settings.
        folders: Where packs are looked for besides.
        workspace: Its settings and its ``plugins/`` are looked into.
    """

    given: Sequence[Any] = ()
    installed: bool = True
    third_party: bool | Sequence[str] = True
    folders: Sequence[Path] = ()
    workspace: Path | None = None


@dataclass
class _Search:
    """One look for packs."""

    choice: Choice
    before: Mapping[tuple[str, str], Pack]
    settings: PluginSettings | None
    packs: list[Pack] = field(default_factory=list)
    taken: dict[str, Pack] = field(default_factory=dict)

    def off(self, name: str) -> str:
        """Why a pack that does not ship with graphgen is not wanted."""
        wanted = self.choice.third_party
        if wanted is True:
            disabled = self.settings is not None and name in self.settings.disabled
            return "disabled in the settings" if disabled else ""
        if not wanted:
            return "packs of others are turned off"
        return "" if name in wanted else "another pack was asked for"

    def add(self, pack: Pack) -> bool:
        """Note a pack; whether it is to be imported."""
        self.packs.append(pack)
        if pack.origin in ("installed", "folder"):
            pack.off = self.off(pack.name)
        other = self.taken.get(pack.name)
        if other is None:
            self.taken[pack.name] = pack
        elif pack.problem is None and not pack.off:
            why = f"the name is taken by the pack of {other.source}, this one is {pack.source}"
            hint = "rename one of them, or remove it; the first that is found is used"
            pack.leave_out("duplicate_pack", why, hint)
        return pack.in_use

    def entry_points(self) -> None:
        found: list[tuple[Pack, metadata.EntryPoint]] = []
        known: dict[int, tuple[str, str]] = {}  # a distribution reads its file at every look
        for entry in metadata.entry_points(group=GROUP):
            home = entry.dist
            if home is not None and id(home) not in known:
                known[id(home)] = home.name, home.version
            name, version = known.get(id(home), ("", ""))
            origin: Origin = "shipped" if name == DISTRIBUTION else "installed"
            pack = Pack(entry.name, version=version, source=entry.value, origin=origin)
            found.append((pack, entry))
        # What ships with graphgen comes first: nobody takes its names.
        for pack, entry in sorted(
            found, key=lambda pair: (pair[0].origin != "shipped", pair[0].name)
        ):
            if not self.add(pack):
                continue
            if pack.origin == "installed" and entry.dist is not None:
                requires.judge(pack, entry.dist.requires or ())
            if pack.in_use:
                _take(pack, entry.load)

    def folder(self, folder: Path) -> None:
        from .folders import packs_in

        for found in packs_in(folder):
            pack = Pack(found.name, version=found.version, source=str(found.path), origin="folder")
            if not self.add(pack):
                continue
            if found.problem is not None:
                pack.leave_out("pack_failed", *found.problem)
                continue
            requires.judge(pack, found.requirements)
            if not pack.in_use:
                continue
            pack.stamp = found.stamp()
            same = self.before.get((pack.name, pack.source))
            if same is not None and same.plugin is not None and same.stamp == pack.stamp:
                pack.plugin = same.plugin
            else:
                _take(pack, found.load)

    def objects(self) -> None:
        for plugin in self.choice.given:
            name = base = getattr(plugin, "__name__", type(plugin).__name__)
            number = 1
            while name in self.taken:
                number += 1
                name = f"{base}-{number}"
            self.add(Pack(name, plugin, source="given to the engine"))


def find_packs(choice: Choice, before: Sequence[Pack] = ()) -> list[Pack]:
    """Every pack that is found, imported if it is wanted.

    Args:
        before: Packs of an earlier look; those of folders whose files are as they were are
            not imported again.

    Raises:
        InvalidWorkflow: The settings are damaged, a folder is none, or a pack that was asked
            for by name is not there.
    """
    settings = _settings(choice.workspace) if choice.installed else None
    known = {(pack.name, pack.source): pack for pack in before if pack.origin == "folder"}
    search = _Search(choice, known, settings)
    if choice.installed:
        search.entry_points()
    for folder in dict.fromkeys(_folders(choice, settings)):
        search.folder(folder)
    search.objects()
    if not isinstance(choice.third_party, bool) and not before:  # later it may go
        for name in choice.third_party:
            if name not in search.taken:
                raise InvalidWorkflow(_unknown(name, list(search.taken)))
    return search.packs


def _settings(workspace: Path | None) -> PluginSettings | None:
    if workspace is None or not (workspace / SETTINGS).exists():
        return None
    # Only here: few workspaces have any, and the command line should start quickly.
    from .settings import PluginSettings

    return PluginSettings.read(workspace)


def _folders(choice: Choice, settings: PluginSettings | None) -> Iterator[Path]:
    if choice.installed and choice.workspace is not None:
        own = choice.workspace / FOLDER
        if own.is_dir():
            yield own
        for name in settings.folders if settings is not None else ():
            yield _checked(choice.workspace / name, "the folder of packs in the settings")
    for folder in choice.folders:
        yield _checked(folder, "the folder of packs")


def _checked(folder: Path, what: str) -> Path:
    if not folder.is_dir():
        raise InvalidWorkflow(Problem("not_a_folder", f"{what}, {folder}, is no folder"))
    return folder


def _take(pack: Pack, load: Any) -> None:
    try:
        pack.plugin = load()
    except (Exception, SystemExit) as error:
        pack.fail(error)
        return
    if pack.origin == "installed":
        requires.judge(pack, [str(getattr(pack.plugin, "requires_graphgen", ""))])


def _unknown(name: str, known: list[str]) -> Problem:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    listed = ", ".join(known) or "none"
    hint = f"did you mean {' or '.join(near)}?" if near else f"found: {listed}"
    return Problem("unknown_pack", f"there is no pack {name!r}", hint=hint)
