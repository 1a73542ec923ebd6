from __future__ import annotations

import pytest
from PIL import Image

from graphgen import Workflow
from graphgen.templates import FOLDER as TEMPLATES


def test_the_new_workflow_makes_a_picture(cli, folder):
    made = cli("new-workflow", "my_first.json")
    assert made.status == 0
    assert made.out == "my_first.json\n"
    assert Workflow.read(folder / "my_first.json").name == "My first"
    assert cli("validate", "my_first.json").status == 0
    done = cli("run", "my_first.json", "--set", "steps=2", "--set", "prompt=a red apple")
    assert done.status == 0, done.err
    with Image.open(done.last) as picture:
        assert picture.size == (64, 64)
        assert len(picture.getcolors(4096)) > 100


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.json")), ids=lambda path: path.stem)
def test_every_workflow_that_comes_with_graphgen_can_be_started_from(cli, folder, path):
    made = cli("new-workflow", "mine.json", "--from", path.stem)
    assert made.status == 0, made.err
    original, copy = Workflow.read(path), Workflow.read(folder / "mine.json")
    assert (copy.inputs, copy.outputs) == (original.inputs, original.outputs)
    checked = cli("validate", "mine.json")
    assert checked.status == 0, checked.err


def test_the_files_that_it_reads_come_along(cli, folder):
    cli("new-workflow", "mend.json", "--from", "inpaint")
    name = Workflow.read(folder / "mend.json").nodes["load"].inputs["file"]
    kept = folder.parent / "workspace" / "inputs" / name
    assert kept.read_bytes() == (TEMPLATES / "assets" / "frame.png").read_bytes()


def test_a_name_is_saved_in_the_workspace(cli, folder):
    made = cli("new-workflow", "sketches/first", "--json").json
    path = folder.parent / "workspace" / "workflows" / "sketches" / "first.json"
    assert made == {"path": str(path), "name": "First"}
    assert cli("validate", "sketches/first").status == 0


def test_nothing_is_overwritten(cli, folder):
    (folder / "mine.json").write_text("mine")
    done = cli("new-workflow", "mine.json")
    assert done.status == 2
    assert "already exists" in done.err
    assert (folder / "mine.json").read_text() == "mine"


def test_a_name_stays_in_the_workspace(cli, folder):
    done = cli("new-workflow", "../../elsewhere")
    assert done.status == 2
    assert not list(folder.parent.rglob("elsewhere*"))


def test_it_can_start_from_any_workflow(cli, write, folder):
    path = write({"paint": ("image/solid", {"width": 4, "height": 4})}, {"image": "paint.image"})
    picture = cli("run", path, "--quiet").last
    for number, source in enumerate((path, picture)):
        name = f"copy_{number}.json"
        assert cli("new-workflow", name, "--from", source).status == 0
        copy = Workflow.read(folder / name)
        assert copy.nodes["paint"].inputs["width"] == 4
        assert copy.name == f"Copy {number}"
    assert cli("new-workflow", "x.json", "--from", "no_such_template").status == 2
