"""What a server can do, as its client knows it."""

from __future__ import annotations

import pytest

from graphgen.inputs import read_settings
from graphgen.keep import self_contained
from graphgen.problems import InvalidWorkflow
from graphgen.workflow import Workflow
from tests.support import graph


def test_node_types_are_those_of_the_server(client, server):
    catalogue, registry = client.nodes(), server.engine.registry

    assert set(catalogue) == set(registry.nodes)
    for id, spec in registry.nodes.items():
        known = catalogue[id]
        assert known.title == spec.title
        assert list(known.inputs) == list(spec.inputs)
        assert {name: port.type for name, port in known.outputs.items()} == {
            name: port.type for name, port in spec.outputs.items()
        }
        for name, port in spec.inputs.items():
            mirrored = known.inputs[name]
            assert str(mirrored.type) == str(port.type)
            assert mirrored.required == port.required
            assert mirrored.description == port.description
            assert mirrored.schema() == port.schema()
            assert (mirrored.marker is None) == (
                port.marker is None or port.marker.widget != "file"
            )


def test_types_packs_and_models(client, server):
    catalogue = client.nodes()
    types = server.engine.registry.types

    assert catalogue.types["image"].loads_from_file
    assert catalogue.types["image"].suffixes == [*types.by_name["image"].suffixes]
    assert not catalogue.types["image"].folders
    for name in (*types.by_name, "int", "no_such_type"):
        assert catalogue.loads_from_file(name) == server.engine.registry.loads_from_file(name)
    assert "image" in catalogue.types["mask"].converts_to
    assert [pack.problem for pack in catalogue.packs] == [None] * len(server.engine.plugins.packs)
    folder = server.engine.workspace.models
    folder.mkdir(parents=True)
    (folder / "tiny.safetensors").write_bytes(bytes(16))
    (model,) = client.models()
    assert (model.name, model.kind, model.size, model.source) == (
        "tiny.safetensors",
        "file",
        16,
        "folder",
    )


@pytest.mark.parametrize(
    "setting",
    [
        "text=3",
        "number=3",
        "number=x",
        "list=[1, 2]",
        "image=@photo.png",
        "image=photo.png",
        "images=@photo.png",
        "any=true",
        "nothing=1",
    ],
)
def test_settings_mean_the_same_by_the_server_s_types(
    client, server, tmp_path, setting, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").touch()
    workflow = Workflow.parse(
        graph(
            {
                "t": "core/text",
                "a": "core/add",
                "l": "core/total",
                "b": "image/blur",
                "g": "image/grid",
                "s": "core/show",
            },
            inputs={
                "text": "t.value",
                "number": "a.a",
                "list": "l.values",
                "image": "b.image",
                "images": "g.images",
                "any": "s.value",
            },
        )
    )

    def read(types):
        try:
            return read_settings([setting], workflow, types, lambda path: f"kept {path}")
        except InvalidWorkflow as error:
            return error.problems

    assert read(client.nodes()) == read(server.engine.registry)


def test_files_in_documents_are_found_by_the_server_s_types(client, server):
    class Keeper:
        def keep_literal(self, name):
            return f"kept {name}"

    inner = graph({"b": ("image/blur", {"image": {"file": "inner.png"}})})
    workflow = Workflow.parse(
        graph(
            {
                "b": ("image/blur", {"image": {"file": "a.png"}}),
                "g": ("image/grid", {"images": [{"file": "b.png"}, {"file": "c.png"}]}),
                "s": ("core/show", {"value": {"file": "no file at all"}}),
                "x": "workflow/inner",
            },
            workflows={"inner": inner},
        )
    )

    kept = self_contained(workflow, client.nodes(), Keeper())
    assert kept == self_contained(workflow, server.engine.registry, Keeper())
    assert kept.nodes["b"].inputs["image"] == {"file": "kept a.png"}
