"""What packs add to the server: routes, and modules for the editor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from ..problems import GraphgenError, Problem
from .answers import Refused

if TYPE_CHECKING:
    from ..plugins.manager import Pack, Plugins
    from ..plugins.modules import EditorModule

OWN_PATHS = frozenset({"/", "/api", "/healthz", "/metrics"})
OWN_PREFIXES = ("/api/", "/assets/")
Key = tuple[str, str]
"""Method and path of a route."""
MODULE_SUFFIXES = frozenset({".js", ".mjs"})


@dataclass
class PackParts:
    """What the packs of an engine add to a server.

    Attributes:
        routes: Of all packs, as the server registers them when it starts. Each hands its
            requests to what ``handlers`` has for it then.
        handlers: By method and path.
        keys: The same of each pack.
        modules: Editor modules by pack, and by the name of their file.
        problems: By pack, why what it adds is not used.
    """

    routes: list[web.RouteDef] = field(default_factory=list)
    handlers: dict[Key, Any] = field(default_factory=dict)
    keys: dict[str, list[Key]] = field(default_factory=dict)
    modules: dict[str, dict[str, EditorModule]] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)

    @classmethod
    def of(cls, plugins: Plugins) -> PackParts:
        """Ask every pack. One that fails is reported, and takes nothing else down."""
        found = cls()
        found.problems.update(plugins.ask("graphgen_routes", found._add_routes))
        found.problems.update(plugins.ask("graphgen_editor_modules", found._add_modules))
        return found

    def refresh(self, plugins: Plugins) -> None:
        """Ask the packs again, which were loaded again. A route that the server does not have
        yet takes a restart."""
        found = PackParts.of(plugins)
        known = {(route.method, route.path) for route in self.routes}
        for pack, keys in found.keys.items():
            fresh = [f"{method} {path}" for method, path in keys if (method, path) not in known]
            if fresh:
                found.problems[pack] = Problem(
                    "restart_needed",
                    f"the pack {pack!r} brings new routes: {', '.join(fresh)}",
                    hint="they are served when the server is started again",
                )
        self.handlers, self.modules = found.handlers, found.modules
        self.keys, self.problems = found.keys, found.problems

    def listed(self) -> list[dict[str, Any]]:
        """The editor modules, as the editor is told of them."""
        return [
            {
                "pack": pack,
                "name": name,
                "url": f"/api/editor/modules/{quote(pack, safe='')}/{quote(name)}",
                "types": list(module.types),
                "widgets": list(module.widgets),
            }
            for pack, modules in self.modules.items()
            for name, module in modules.items()
        ]

    def folders(self, pack: str) -> list[Path]:
        """The folders that the editor modules of a pack, and what they import, lie in."""
        return list(dict.fromkeys(m.file.parent for m in self.modules.get(pack, {}).values()))

    def _add_routes(self, pack: Pack, given: Iterable[web.RouteDef]) -> None:
        routes = list(given)
        taken: dict[Key, Any] = {}
        trial = web.UrlDispatcher()
        for route in routes:
            if not isinstance(route, web.RouteDef):
                raise _bad(f"{route!r} is no route", "make routes with aiohttp.web.get and others")
            _check_path(route.path, pack.name)
            key = (route.method, route.path)
            if key in taken or key in self.handlers:
                raise _bad(f"the route {route.method} {route.path} is already taken")
            taken[key] = route.handler
            route.register(trial)
        self.handlers.update(taken)
        self.keys[pack.name] = list(taken)
        for route in routes:
            handler = self._handler_of((route.method, route.path))
            self.routes.append(web.RouteDef(route.method, route.path, handler, route.kwargs))

    def _handler_of(self, key: Key) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            current = self.handlers.get(key)
            if current is None:
                raise Refused(404, "unknown_path", f"no pack brings {key[1]} any more")
            return await current(request)

        return handle

    def _add_modules(self, pack: Pack, modules: Iterable[EditorModule]) -> None:
        named: dict[str, EditorModule] = {}
        for module in modules:
            name = module.file.name
            if module.file.suffix not in MODULE_SUFFIXES or not module.file.is_file():
                raise _bad(f"the editor module {module.file} is no .js file that is there")
            if name in named:
                raise _bad(f"two editor modules are named {name}")
            named[name] = module
        if named:
            self.modules[pack.name] = named


def _check_path(path: str, pack: str) -> None:
    own = f"/api/packs/{pack}/"
    if not path.startswith("/") or path in OWN_PATHS:
        raise _bad(f"{path!r} is no path for a route of a pack")
    if path.startswith(OWN_PREFIXES) and not path.startswith(own):
        raise _bad(f"the path {path!r} belongs to graphgen", f"begin it with {own}")


def _bad(message: str, hint: str | None = None) -> GraphgenError:
    return GraphgenError(Problem("bad_route_or_module", message, hint=hint))
