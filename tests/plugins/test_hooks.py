"""Every hook on the page: documented with an example that runs, and tested here."""

import ast
import inspect
import textwrap

import pytest
from aiohttp import web

from graphgen import EditorModule, TypeSpec, hookimpl, node
from graphgen.engine import events
from graphgen.plugins import hookspecs
from graphgen.server import services
from tests.plugins.test_manager import Wave, make_wave, wave_size
from tests.server.live import Live
from tests.support import Pack, graph

HOOKS = {
    name: function
    for name, function in vars(hookspecs).items()
    if hasattr(function, "graphgen_spec")
}


def example(function):
    """The code of the example in a hook's documentation."""
    _, marker, rest = inspect.getdoc(function).partition("::\n")
    return textwrap.dedent(rest) if marker else ""


def test_there_are_hooks():
    assert "graphgen_nodes" in HOOKS
    assert "graphgen_observe" in HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_what_it_is_and_shows_an_example(name):
    function = HOOKS[name]
    said = inspect.getdoc(function)

    assert said
    assert said.splitlines()[0].rstrip().endswith(("::", ".", ","))
    (shown,) = ast.parse(example(function)).body
    assert isinstance(shown, ast.FunctionDef)
    assert shown.name == name
    assert [ast.unparse(d) for d in shown.decorator_list] == ["hookimpl"]
    assert [a.arg for a in shown.args.args] == list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_typed(name):
    signature = inspect.signature(HOOKS[name])

    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_test(name):
    """Fails when a hook is added without a test of its effect in this module."""
    assert f"test_{name}" in globals()


def test_the_example_of_the_page_is_a_pack_that_works(make_engine):
    _, _, code = inspect.getdoc(hookspecs).partition("::\n")
    lines = textwrap.dedent(code.partition("\nHooks that")[0])
    module = {"__name__": "shop"}
    exec(compile(lines, "shop.py", "exec"), module)

    class Shop:
        graphgen_nodes = staticmethod(module["graphgen_nodes"])

    engine = make_engine(plugins=[Shop()])

    assert engine.problems == []
    document = graph({"p": ("shop/price_tag", {"amount": 3})}, {"out": "p.value"})
    assert engine.run(document).outputs == {"out": "3.00"}


def test_graphgen_types(make_engine):
    engine = make_engine(make_wave, wave_size, types=[TypeSpec(Wave, colour="#123456")])

    assert engine.registry.types.by_name["wave"].colour == "#123456"
    document = graph(
        {"m": "wave/make", "s": ("wave/size", {"wave": "=m.wave"})}, {"out": "s.value"}
    )
    assert engine.run(document).outputs == {"out": 3}


def test_graphgen_nodes(make_engine):
    @node("hook/node", title="Node")
    def hooked() -> int:
        """Be brought by a hook."""
        return 42

    document = graph({"n": "hook/node"}, {"out": "n.value"})

    assert make_engine(plugins=[Pack(hooked)]).run(document).outputs == {"out": 42}


def test_graphgen_model_loaders(make_engine):
    loader = object()

    engine = make_engine(plugins=[Pack(loaders={"hook/net": loader})])

    assert engine.plugins.loaders == {"hook/net": loader}


def test_graphgen_models(make_engine, tmp_path):
    model = tmp_path / "tiny"
    model.mkdir()

    engine = make_engine(plugins=[Pack(models={"tiny": model})])

    assert engine.environment.models.find("tiny") == model
    assert engine.environment.models.names() == ["tiny"]


def test_graphgen_observe(make_engine):
    seen = []

    class Observer:
        @hookimpl
        def graphgen_observe(self, event):
            seen.append(event)

    class Broken:
        @hookimpl
        def graphgen_observe(self, event):
            raise RuntimeError("an observer must not end a run")

    engine = make_engine(plugins=[Broken(), Observer()])
    result = engine.run(graph({"n": "core/number", "a": ("core/add", {"a": "=n.value"})}))

    assert result.status == "succeeded"
    assert [type(event) for event in seen] == [
        events.RunStarted,
        events.NodeStarted,
        events.NodeFinished,
        events.NodeStarted,
        events.NodeFinished,
        events.RunFinished,
    ]


def test_graphgen_routes(make_engine, tmp_path):
    async def prices(request):
        return web.json_response({"models": services(request).engine.environment.models.names()})

    class Shop:
        __name__ = "shop"

        @hookimpl
        def graphgen_routes(self):
            return [web.get("/api/packs/shop/prices", prices), web.get("/shop", prices)]

    with Live(make_engine(plugins=[Shop()])) as server:
        for path in ("/api/packs/shop/prices", "/shop"):
            assert server.get(path).json() == {"models": []}
            assert server.get(path, headers={"Host": "shop.example"}).status_code == 403


def test_graphgen_editor_modules(make_engine, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "slider.js").write_text('import "./parts/knob.js";')
    (tmp_path / "parts" / "knob.js").write_text("export const knob = 1;")

    class Widgets:
        __name__ = "widgets"

        @hookimpl
        def graphgen_editor_modules(self):
            return [EditorModule(tmp_path / "slider.js", types=("wave",), widgets=("slider",))]

    with Live(make_engine(plugins=[Widgets()])) as server:
        (module,) = server.get("/api/editor/modules").json()["modules"]
        assert module == {
            "pack": "widgets",
            "name": "slider.js",
            "url": "/api/editor/modules/widgets/slider.js",
            "types": ["wave"],
            "widgets": ["slider"],
        }
        served = server.get(module["url"])
        assert served.headers["Content-Type"].startswith("text/javascript")
        assert served.text == 'import "./parts/knob.js";'
        knob = server.get("/api/editor/modules/widgets/parts/knob.js")
        assert knob.text == "export const knob = 1;"
