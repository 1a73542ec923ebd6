"""Every hook that a pack can implement, on one page.

A pack is a module or an object with some of these functions, each marked ``@hookimpl``,
found through the entry point group ``graphgen`` or in a folder (see docs/packs.md)::

    from graphgen import hookimpl, node

    @node("shop/price_tag", title="Price tag")
    def price_tag(amount: float) -> str:
        '''Write an amount as a price.'''
        return f"{amount:.2f}"

    @hookimpl
    def graphgen_nodes():
        return [price_tag]

Hooks that return collections are called once: when the engine is made, those for the server
and the editor when a server starts. Observers are called while runs go on, from the thread
that runs them, and should return quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from aiohttp.web import RouteDef

    from ..engine.events import Event
    from ..models.reference import ModelLoader
    from ..types import TypeSpec
    from .modules import EditorModule

PROJECT = "graphgen"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def graphgen_types() -> Iterable[TypeSpec]:  # type: ignore[empty-body]
    """Port types, each with its colour, conversions and how it is saved and previewed::

    @hookimpl
    def graphgen_types():
        return [TypeSpec(Volume, colour="#4fa3d1", save=save_volume)]
    """


@hookspec
def graphgen_nodes() -> Iterable[Callable[..., Any]]:  # type: ignore[empty-body]
    """Functions decorated with ``@node``::

    @hookimpl
    def graphgen_nodes():
        return [load_volume, window]
    """


@hookspec
def graphgen_model_loaders() -> Mapping[str, ModelLoader]:  # type: ignore[empty-body]
    """Loaders of model weights by the name that references give, ``pack/kind``::

    @hookimpl
    def graphgen_model_loaders():
        return {"medical/unet": UNetLoader()}
    """


@hookspec
def graphgen_models() -> Mapping[str, Path]:  # type: ignore[empty-body]
    """Models that travel with the pack: name to file or folder::

    @hookimpl
    def graphgen_models():
        return {"ct-repair": Path(__file__).parent / "ct-repair"}
    """


@hookspec
def graphgen_observe(event: Event) -> None:
    """Told every event of every run (see ``graphgen.engine.events``)::

    @hookimpl
    def graphgen_observe(event):
        if isinstance(event, NodeFailed):
            log.error("%s failed in run %s", event.node, event.run_id)
    """


@hookspec
def graphgen_routes() -> Iterable[RouteDef]:  # type: ignore[empty-body]
    """Routes of the server, made with aiohttp. Their paths begin with ``/api/packs/PACK/``,
    or stand outside ``/api``. They are guarded like all others, and what they need of
    graphgen they get from ``graphgen.server.services(request)``::

    @hookimpl
    def graphgen_routes():
        return [web.get("/api/packs/shop/prices", show_prices)]
    """


@hookspec
def graphgen_editor_modules() -> Iterable[EditorModule]:  # type: ignore[empty-body]
    """ES modules for the editor, which bring widgets for inputs and viewers for port types::

    @hookimpl
    def graphgen_editor_modules():
        return [EditorModule(Path(__file__).parent / "volume.js", types=("volume",))]
    """
