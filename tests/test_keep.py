from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import pytest

from graphgen import GraphgenError, InputFile, ModelName, NodeError, Workflow, node
from graphgen.environment import Environment
from graphgen.keep import InputKeeper, self_contained, stands_alone
from graphgen.registry import Registry
from graphgen.workflow import embedded
from graphgen.workspace import Files, Workspace
from tests.support import graph


@node("keep/read", title="Read")
def read(
    file: Annotated[str, InputFile()],
    second: Annotated[str, InputFile()] = "",
    third: Annotated[str | None, InputFile()] = None,
) -> str:
    """Read files."""
    return file


@node("keep/repeat", title="Repeat")
def repeat(body: Workflow, name: str = "") -> int:
    """Use a workflow."""
    return 0


@node("keep/load", title="Load")
def load(model: Annotated[str, ModelName()] = "small") -> str:
    """Use a model."""
    return model


@node("keep/plain", title="Plain")
def plain(value: int = 0, more: dict[str, int] | None = None) -> int:
    """Use numbers."""
    return value


@node("keep/anything", title="Anything")
def anything(value: Any = None) -> int:
    """Use any value."""
    return 0


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def beside(tmp_path):
    folder = tmp_path / "beside"
    folder.mkdir()
    return folder


@pytest.fixture
def files(workspace, beside):
    return Files([beside, workspace.inputs, workspace.outputs])


@pytest.fixture
def keeper(workspace, files):
    return InputKeeper(workspace, Environment(files))


@pytest.fixture
def registry():
    made = Registry()
    made.add_nodes([read, repeat, load, plain, anything])
    return made


def test_a_file_is_copied_under_a_name_made_from_its_content(keeper, files, tmp_path):
    source = tmp_path / "my photo.png"
    source.write_bytes(b"first")
    name = keeper.keep(source)
    assert name.startswith("my-photo-")
    assert name.endswith(".png")
    assert files.resolve(name).read_bytes() == b"first"
    assert keeper.keep(source) == name
    source.write_bytes(b"second")
    other = keeper.keep(source)
    assert other != name
    assert files.resolve(name).read_bytes() == b"first"
    assert files.resolve(other).read_bytes() == b"second"


def test_double_endings_stay_together(keeper, tmp_path):
    for name, ending in (("ct.nii.gz", ".nii.gz"), ("a.tar.bz2", ".tar.bz2"), ("v1.2.png", ".png")):
        (tmp_path / name).write_text(name)
        kept = keeper.keep(tmp_path / name)
        assert kept.endswith(ending)
        stem = kept.removesuffix(ending)
        assert stem.rpartition("-")[0] == name.removesuffix(ending)


def test_a_changed_copy_is_not_taken_for_the_file(keeper, files, tmp_path):
    source = tmp_path / "a.txt"
    source.write_text("right")
    files.resolve(keeper.keep(source)).write_text("wrong")
    assert files.resolve(keeper.keep(source)).read_text() == "right"


def test_a_file_of_the_inputs_keeps_its_name(keeper, workspace):
    inside = workspace.inputs / "deep" / "a.txt"
    inside.parent.mkdir(parents=True)
    inside.write_text("a")
    assert keeper.keep(inside) == "deep/a.txt"
    assert [p.name for p in workspace.inputs.iterdir()] == ["deep"]


def test_a_file_of_the_inputs_that_another_hides_is_copied(keeper, workspace, beside, files):
    workspace.inputs.mkdir(parents=True)
    (workspace.inputs / "a.txt").write_text("inputs")
    (beside / "a.txt").write_text("beside")
    name = keeper.keep(workspace.inputs / "a.txt")
    assert name != "a.txt"
    assert files.resolve(name).read_text() == "inputs"


def test_a_folder_may_be_read_where_it_lies(keeper, files, tmp_path, workspace):
    folder = tmp_path / "series"
    folder.mkdir()
    (folder / "a").write_text("a")
    with pytest.raises(NodeError):
        files.resolve(str(folder))
    assert files.resolve(keeper.keep(folder)) == folder
    assert not workspace.inputs.exists()


def test_what_is_no_file_is_refused(keeper):
    with pytest.raises(NodeError, match="no file that can be read"):
        keeper.keep(Path("/dev/null"))


def test_a_full_disk_is_a_problem(keeper, tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(GraphgenError) as caught:
        keeper.keep(tmp_path / "a.txt")
    assert [problem.code for problem in caught.value.problems] == ["disk_full"]


def test_files_of_a_document_are_kept_in_subgraphs_too(keeper, registry, beside, files, workspace):
    for name in "abc":
        (beside / f"{name}.txt").write_text(name)
    workspace.inputs.mkdir(parents=True)
    (workspace.inputs / "own.txt").write_text("own")
    inner = graph({"r": ("keep/read", {"file": "b.txt"})})
    document = Workflow.parse(
        graph(
            {
                "r": ("keep/read", {"file": "a.txt", "second": "own.txt", "third": "absent.txt"}),
                "s": ("keep/read", {"file": "c.txt", "second": {"link": "n.value"}}),
                "n": ("keep/repeat", {"name": "a.txt", "body": graph({})}),
            },
            workflows={"inner": inner},
        )
    )
    kept = self_contained(document, registry, keeper)
    names = kept.nodes["r"].inputs
    assert files.resolve(names["file"]).parent == workspace.inputs
    assert files.resolve(names["file"]).read_text() == "a"
    assert (names["second"], names["third"]) == ("own.txt", "absent.txt")
    assert files.resolve(kept.nodes["s"].inputs["file"]).read_text() == "c"
    assert kept.nodes["s"].inputs["second"] == {"link": "n.value"}
    inside = kept.workflows["inner"].nodes["r"].inputs["file"]
    assert files.resolve(inside).parent == workspace.inputs
    assert kept.nodes["n"].inputs["name"] == "a.txt"
    assert self_contained(kept, registry, keeper) is kept


def test_saved_workflows_travel_with_those_they_use(keeper, registry):
    def flow(type_, **inputs):
        return Workflow.parse(graph({"x": (type_, inputs)}))

    saved = {
        "one": flow("workflow/two"),
        "two": flow("keep/repeat", body="three"),
        "three": flow("workflow/one"),
        "hidden": flow("workflow/four"),
        "unused": flow("workflow/one"),
    }
    document = Workflow.parse(
        graph(
            {"a": "workflow/one", "b": "workflow/hidden", "c": "workflow/nobody"},
            workflows={"hidden": graph({"x": "workflow/two"})},
        )
    )
    whole = self_contained(document, registry, keeper, saved.get)
    assert set(whole.workflows) == {"hidden", "one", "two", "three"}
    assert whole.workflows["hidden"].nodes["x"].type == "workflow/two"


NUMBERS = {"a": ("keep/plain", {"value": 3}), "b": ("keep/plain", {"value": "=a.value"})}


@pytest.mark.parametrize(
    ("nodes", "alone"),
    [
        (NUMBERS, True),
        ({"a": ("keep/plain", {"more": {"file": 1}})}, True),
        ({"a": ("keep/anything", {"value": [1, "text"]})}, True),
        (NUMBERS | {"c": ("keep/anything", {"value": "=b.value"})}, True),
        (NUMBERS | {"c": ("keep/anything", {"value": ["=a.value", "=b.value"]})}, True),
        ({"a": "workflow/inside"}, True),
        ({"a": ("keep/repeat", {"body": "inside"})}, True),
        ({"a": "keep/read"}, False),
        ({"a": "keep/load"}, False),
        ({"a": ("keep/anything", {"value": {"file": "a.txt"}})}, False),
        ({"a": ("keep/anything", {"value": [1, {"file": "a.txt"}]})}, False),
        ({"a": ("keep/anything", {"value": {"literal": {"file": "a.txt"}}})}, False),
        ({"a": "workflow/saved"}, False),
        ({"a": ("keep/repeat", {"body": "saved"})}, False),
        ({"a": ("keep/repeat", {"body": graph({"a": "keep/read"})})}, False),
    ],
)
def test_what_names_nothing_outside_stands_alone(registry, nodes, alone):
    inside = {"inside": graph(NUMBERS)}
    document = Workflow.parse(graph(nodes, workflows=inside))
    around = Workflow.parse(graph({"x": "workflow/deep"}, workflows={"deep": document.to_dict()}))

    assert stands_alone(document, registry) is alone
    assert stands_alone(around, registry) is alone


def test_the_embedded_document_holds_the_inputs_that_json_can_hold():
    document = Workflow.parse(
        graph(
            {"r": "keep/read", "n": ("keep/repeat", {"name": "old"})},
            inputs={"file": "r.file", "name": "n.name", "body": "n.body"},
        )
    )
    (text,) = embedded(document, {"name": "new", "file": "ä.txt", "body": object()}).values()
    carried = json.loads(text)
    assert "\n" not in text
    assert carried["nodes"]["n"]["inputs"] == {"name": "new"}
    assert carried["nodes"]["r"]["inputs"] == {"file": "ä.txt"}
    assert carried["inputs"]["name"] == "n.name"
