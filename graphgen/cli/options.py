"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .groups import OptionGroup

WorkflowArgument = Annotated[
    str,
    typer.Argument(
        metavar="WORKFLOW",
        show_default=False,
        help="A JSON file, a PNG that graphgen saved, or a workflow saved in the workspace.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="NAME=VALUE",
        help="Set a named input; NAME=@FILE reads it from a file. May be repeated.",
    ),
]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        envvar="GRAPHGEN_WORKSPACE",
        help="Folder of models, inputs, outputs, saved workflows and the cache. "
        "[default: the user's data folder]",
    ),
]
ModelsOption = Annotated[
    list[Path] | None,
    typer.Option("--models", metavar="DIR", help="Another folder of models. May be repeated."),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="cpu, cuda, cuda:1, mps ... [default: a CUDA device if there is one]",
    ),
]
DtypeOption = Annotated[
    str,
    typer.Option(
        "--dtype", metavar="NAME", help="What models compute in: float32, float16, bfloat16."
    ),
]
CacheMemoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--cache-memory",
        metavar="DEVICE=SIZE",
        show_default=False,
        help="Memory for what nodes made, such as cpu=4GB or cuda:0=8GB. May be repeated. "
        "[default: a quarter of what is free; on cpu 2 GiB at most]",
    ),
]
CacheDiskOption = Annotated[
    str | None,
    typer.Option(
        "--cache-disk",
        metavar="SIZE",
        show_default=False,
        help="Most that the disk cache holds, such as 50GB. [default: 20 GiB]",
    ),
]
ModelMemoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model-memory",
        metavar="DEVICE=SIZE",
        show_default=False,
        help="Memory for loaded models, such as cuda:0=8GB; larger ones are streamed layer by "
        "layer. May be repeated. [default: 70 % of what is free, 50 % on cpu]",
    ),
]
MaxBatchOption = Annotated[
    int,
    typer.Option(
        "--max-batch",
        min=1,
        max=1024,
        metavar="N",
        help="Pictures that are sampled, encoded or decoded as one batch, of several runs too; "
        "1 does each by itself.",
    ),
]
ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        show_default=False,
        help="Do it on the server of this address, which graphgen serve prints there.",
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar="GRAPHGEN_TOKEN",
        show_default=False,
        help="What that server wants to see, unless it is in the URL.",
    ),
]
NoPluginsOption = Annotated[
    bool, typer.Option("--no-plugins", help="Use only the packs that ship with graphgen.")
]
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="NAME",
        help="Use this pack, and besides only those that ship with graphgen. May be repeated.",
    ),
]
PluginsDirOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugins-dir",
        metavar="DIR",
        help="A folder of packs, besides plugins/ in the workspace; or a pack. May be repeated.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")]


def memory_options(
    cache_memory: list[str] | None, cache_disk: str | None, model_memory: list[str] | None
) -> dict[str, Any]:
    """How much may be kept where, as options of an engine."""
    from .sizes import size, sizes

    budgets = sizes("--cache-memory", cache_memory)
    options: dict[str, Any] = {"cache_bytes": budgets.pop("cpu", None)}
    options["model_bytes"] = sizes("--model-memory", model_memory)
    options["device_cache_bytes"] = budgets
    if cache_disk is not None:
        options["disk_bytes"] = size("--cache-disk", cache_disk)
    return options


def pack_options(
    no_plugins: bool, plugin: list[str] | None, plugins_dir: list[Path] | None
) -> dict[str, Any]:
    """Which packs an engine is to use, as its options."""
    if no_plugins and (plugin or plugins_dir):
        raise typer.BadParameter("--no-plugins leaves nothing to --plugin and --plugins-dir")
    third_party: bool | list[str] = plugin or not no_plugins
    return {"third_party": third_party, "plugin_folders": plugins_dir or ()}


MemoryOptions = Annotated[
    dict[str, Any],
    OptionGroup(
        {
            "cache_memory": (CacheMemoryOption, None),
            "cache_disk": (CacheDiskOption, None),
            "model_memory": (ModelMemoryOption, None),
        },
        memory_options,
    ),
]
PackOptions = Annotated[
    dict[str, Any],
    OptionGroup(
        {
            "no_plugins": (NoPluginsOption, False),
            "plugin": (PluginOption, None),
            "plugins_dir": (PluginsDirOption, None),
        },
        pack_options,
    ),
]
