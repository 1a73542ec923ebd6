"""``graphgen plugins``: the packs, and a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..problems import InvalidWorkflow, Problem
from .groups import with_groups
from .options import DebugOption, JsonOption, PackOptions, PluginsDirOption, WorkspaceOption
from .report import FAILED, Report

if TYPE_CHECKING:
    from ..plugins.manager import Pack, Plugins

EPILOG = """\b
Examples:
  graphgen plugins list                   packs, where they came from, what failed
  graphgen plugins list --debug           with the traceback of those that failed
  graphgen plugins new shop               write a pack to start from
  graphgen plugins check shop             does it keep what packs promise?
  graphgen plugins disable shop           leave it out from now on, in this workspace

Packs are found as installed Python packages and in plugins/ of the workspace; docs/packs.md
says how to write one.
"""

app = typer.Typer(
    name="plugins",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List packs, write a new one, check one, enable and disable them.",
)
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", show_default=False, help="Name of the pack.")
]


@app.command("list")
@with_groups
def show(
    workspace: WorkspaceOption = None,
    *,
    packs: PackOptions,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """List every pack that is found: its version, where it came from, its nodes, and why it
    is not in use if it is not.

    With --json each has its traceback, too, if it failed.
    """
    report = Report(as_json, debug)
    plugins = _plugins(workspace, **packs)
    if as_json:
        report.object(
            {
                "packs": [
                    {**pack.to_dict(), "traceback": pack.traceback or None}
                    for pack in plugins.packs
                ]
            }
        )
        return 0
    from .tables import columns

    for pack in plugins.packs:
        version = f" {pack.version}" if pack.version else ""
        state = "" if pack.in_use else f" [{pack.off or 'failed'}]"
        report.line(f"{pack.name}{version} ({_source(pack)}){state}")
        rows = [["  nodes", ", ".join(pack.nodes)]] if pack.nodes else []
        rows += [["  types", ", ".join(pack.types)]] if pack.types else []
        for line in columns(rows):
            report.line(line)
        if pack.problem is not None:
            report.line(f"  {pack.problem.message}")
            report.line(f"  {pack.problem.hint}")
            report.trace(pack.traceback)
    return 0


@app.command()
def check(
    name: NameArgument,
    workspace: WorkspaceOption = None,
    plugins_dir: PluginsDirOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Check that a pack keeps what packs promise: its nodes are documented, their defaults are
    allowed, their schemas are valid, they can be cached, its models are there.

    The exit status is 1 if it does not. A pack's own tests can call the same with
    graphgen.plugins.conformance.check_pack.
    """
    from ..plugins.conformance import check_pack

    report = Report(as_json, debug)
    plugins = _plugins(workspace, plugin_folders=plugins_dir or ())
    pack = _find(plugins, name)
    problems = check_pack(plugins, name)
    report.trace(pack.traceback)
    if as_json:
        report.object(
            {"pack": pack.to_dict(), "problems": [problem.to_dict() for problem in problems]}
        )
    elif problems:
        report.problems(problems, "failed")
        report.note(f"{name} has {len(problems)} problem{'s' * (len(problems) > 1)}")
    else:
        count = f"{len(pack.nodes)} node{'s' * (len(pack.nodes) != 1)}"
        report.line(f"{name} {pack.version}".rstrip() + f" conforms: {count}")
    return FAILED if problems else 0


@app.command()
def enable(name: NameArgument, workspace: WorkspaceOption = None) -> int:
    """Use a pack again that was disabled."""
    return _set(name, workspace, True)


@app.command()
def disable(name: NameArgument, workspace: WorkspaceOption = None) -> int:
    """Leave a pack out from now on, in this workspace; kept in its plugins.json."""
    return _set(name, workspace, False)


@app.command()
def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            help="Name of the pack, in snake case; its nodes are NAME/...",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Where its folder is made."),
    ] = Path(),
    as_json: JsonOption = False,
) -> int:
    """Write a pack to start from: a node, a workflow, tests and a README. It installs, loads
    and passes its tests as it is."""
    from ..plugins.scaffold import write_pack

    report = Report(as_json)
    folder = write_pack(name, output)
    if as_json:
        report.object({"path": str(folder), "name": name})
        return 0
    report.line(str(folder))
    report.note(f"try it:  graphgen plugins check {name} --plugins-dir {folder}")
    report.note(f"keep it: pip install -e {folder}")
    return 0


def _plugins(workspace: Path | None, **options: Any) -> Plugins:
    """The packs, without an engine."""
    from ..plugins.manager import Choice, Plugins
    from ..workspace import Workspace

    folders = tuple(folder.absolute() for folder in options.pop("plugin_folders", ()))
    root = Workspace(workspace).root
    return Plugins(choice=Choice(folders=folders, workspace=root, **options))


def _find(plugins: Plugins, name: str) -> Pack:
    for pack in plugins.packs:
        if pack.name == name:
            return pack
    known = ", ".join(pack.name for pack in plugins.packs)
    raise InvalidWorkflow(Problem("unknown_pack", f"there is no pack {name!r}", hint=known))


def _set(name: str, workspace: Path | None, enabled: bool) -> int:
    from ..plugins.settings import PluginSettings
    from ..workspace import Workspace

    root = Workspace(workspace).root
    settings = PluginSettings.read(root)
    # With third_party=False packs are found and not imported: one may do harm by that.
    packs = _plugins(workspace, third_party=False).packs
    origins = {pack.name: pack.origin for pack in packs}
    if origins.get(name) == "shipped":
        hint = "it is loaded when a node of it runs, and costs nothing before"
        problem = Problem("shipped_pack", f"{name!r} ships with graphgen and stays", hint=hint)
        raise InvalidWorkflow(problem)
    if name not in origins and name not in settings.disabled:
        known = ", ".join(sorted(n for n, origin in origins.items() if origin != "shipped"))
        hint = f"found: {known or 'none'}"
        raise InvalidWorkflow(Problem("unknown_pack", f"there is no pack {name!r}", hint=hint))
    settings.with_pack(name, enabled).write(root)
    word = "enabled" if enabled else "disabled"
    Report().line(f"{name} is {word} in {root}")
    Report().note("a server that runs heeds it after a restart or POST /api/plugins/reload")
    return 0


def _source(pack: Pack) -> str:
    words = {"shipped": "ships with graphgen", "installed": "installed", "folder": "folder"}
    return f"{words.get(pack.origin, 'given')}, {pack.source}"
