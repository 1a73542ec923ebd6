"""What a run made: in its record, or in files."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image as Pillow

from graphgen import Engine, Workflow
from graphgen.runs import RunQueue, RunStore
from graphgen.runs.products import INLINE_BYTES, media_type
from tests.runs.nodes import WAIT, adding, files_below, one, values
from tests.support import graph

pytestmark = pytest.mark.timeout(60)


def run(queue, workflow, inputs=None, **options):
    return queue.wait(queue.submit(workflow, inputs, **options).run_id, WAIT)


def giving(node, **inputs):
    document = graph({"n": (node, inputs)}, {"out": "n.value"})
    return Workflow.parse(document)


def test_plain_data_is_in_the_record_and_writes_no_file(queue, engine):
    record = run(queue, adding())

    assert record.outputs == {"sum": [{"value": 3}]}
    assert files_below(engine.workspace.root) & {"outputs"} == set()


def test_the_items_of_a_list_are_items(queue):
    assert values(run(queue, giving("core/upto", count=3))) == {"out": [0, 1, 2]}
    assert run(queue, giving("core/upto", count=0)).outputs == {"out": []}
    only = run(queue, giving("core/upto", count=1)).outputs["out"]
    assert only == [{"value": 0, "list": True}]  # which a single 0 is not


def test_large_plain_data_is_a_file(queue, engine):
    text = "é" * INLINE_BYTES
    record = run(queue, giving("core/text", value=text))

    (item,) = record.outputs["out"]
    assert item == {
        "file": f"{record.folder}/out.txt",
        "media_type": "text/plain",
        "bytes": 2 * INLINE_BYTES,
    }
    assert (engine.workspace.outputs / item["file"]).read_text() == text


@pytest.mark.parametrize("kind", ["page", "book"])
def test_the_disk_has_the_files_before_a_row_names_them(kind, queue, engine, monkeypatch):
    flushed, at_the_end = set(), []
    fsync, finish = os.fsync, queue.store.finish

    def note_flush(handle):
        fsync(handle)
        flushed.add(os.fstat(handle).st_ino)

    def note_end(*entries):
        at_the_end.append({*flushed})
        finish(*entries)

    monkeypatch.setattr(os, "fsync", note_flush)
    monkeypatch.setattr(queue.store, "finish", note_end)
    for _ in range(2):  # the second finds the value, and its files, as they were
        record = run(
            queue, Workflow.parse(graph({"n": (f"runs/{kind}", {})}, {"out": f"n.{kind}"}))
        )

        (items,) = record.outputs.values()
        files = [engine.workspace.outputs / item["file"] for item in items]
        assert files
        wanted = {place for file in files for place in (file, *file.parents[:3])}
        wanted -= {engine.workspace.outputs, *engine.workspace.outputs.parents}
        assert {place.stat().st_ino for place in wanted} <= at_the_end.pop()


@pytest.mark.parametrize("value", [1, -1])
def test_a_folder_in_which_no_node_wrote_is_removed(queue, engine, value):
    record = run(queue, one("runs/folder"), {"value": value})

    assert record.status == ("failed" if value < 0 else "succeeded")
    assert files_below(engine.workspace.outputs) == set()


def test_a_large_list_is_one_file(queue, engine):
    (item,) = run(queue, giving("core/upto", count=20_000)).outputs["out"]

    assert item["media_type"] == "application/json"
    assert json.loads((engine.workspace.outputs / item["file"]).read_text()) == [*range(20_000)]


def test_other_values_are_files_in_a_folder_of_the_run(queue, engine):
    record = run(queue, one("runs/page", "page", size=10), {"value": 3})

    assert record.outputs == {
        "out": [{"file": f"{record.folder}/out.txt", "media_type": "text/plain", "bytes": 10}]
    }
    assert record.folder.endswith(f"-page-{record.run_id[-8:]}")
    assert files_below(engine.workspace.outputs) == {record.folder, f"{record.folder}/out.txt"}


def test_what_has_no_file_form_fails_the_run_but_not_the_rest(queue, engine):
    document = graph(
        {"s": "runs/secret", "p": ("runs/page", {"size": 10}), "n": "core/number"},
        {"secret": "s.secret", "page": "p.page", "number": "n.value"},
    )
    record = run(queue, Workflow.parse(document))

    assert record.status == "failed"
    assert [p.code for p in record.problems] == ["not_saveable"]
    assert list(record.outputs) == ["page", "number"]
    assert run(queue, adding()).status == "succeeded"


def test_targets_give_what_can_be_giving(queue):
    document = graph(
        {"s": "runs/secret", "n": ("core/number", {"value": 4})}, {"secret": "s.secret"}
    )
    workflow = Workflow.parse(document)

    only_number = run(queue, workflow, targets=["n"])
    both = run(queue, workflow, targets=["n", "s"])

    assert values(only_number) == values(both) == {"n.value": [4]}
    assert only_number.status == both.status == "succeeded"
    assert "s" not in only_number.nodes


def test_a_target_that_is_a_subgraph_gives_the_outputs_that_it_names(queue):
    inner = graph({"n": ("core/add", {"a": 1})}, {"sum": "n.value"}, {"b": "n.b"})
    document = graph({"s": ("workflow/inner", {"b": 2})}, workflows={"inner": inner})

    assert values(run(queue, Workflow.parse(document), targets=["s"])) == {"s.sum": [3]}


def test_a_workflow_that_names_no_outputs_gives_those_of_its_last_nodes(queue):
    document = graph({"a": ("core/number", {"value": 4}), "b": ("core/add", {"a": "=a.value"})})

    assert values(run(queue, Workflow.parse(document))) == {"b.value": [4]}


def test_files_that_nodes_write_are_in_the_folder_of_the_run(queue, engine):
    record = run(queue, one("runs/write"), {"value": 5})

    assert values(record) == {"out": ["written-5.txt"]}
    assert files_below(engine.workspace.outputs) == {
        record.folder,
        f"{record.folder}/written-5.txt",
    }


def test_outputs_can_be_the_inputs_of_other_runs(queue, engine):
    """By the path in the record, which nodes resolve below the outputs."""
    record = run(queue, one("runs/page", "page", size=10), {"value": 3})

    found = engine.environment.files.resolve(record.outputs["out"][0]["file"])

    assert found.read_text() == "3:xxxxxxx!"


def test_a_picture_carries_the_workflow_with_the_inputs_of_the_run(tmp_path):
    """With the real image pack: its PNG repeats the run."""
    engine = Engine(workspace=tmp_path, device="cpu")
    document = graph(
        {"draw": ("image/solid", {"width": 8, "height": 4})},
        {"picture": "draw.image"},
        {"width": "draw.width"},
    )
    with RunQueue(engine, RunStore(tmp_path / "graphgen.db")) as queue:
        record = run(queue, Workflow.parse(document), {"width": 16})
        (item,) = record.outputs["picture"]
        path = tmp_path / "outputs" / item["file"]

        assert record.status == "succeeded", record.problems
        assert item["media_type"] == "image/png"
        assert item["bytes"] == path.stat().st_size
        assert Pillow.open(path).size == (16, 4)
        again = run(queue, Workflow.read(path))
        (repeated,) = again.outputs["picture"]
        assert Pillow.open(tmp_path / "outputs" / repeated["file"]).size == (16, 4)
    engine.close()


NO_ROOM = """
import resource, signal, sys
from pathlib import Path
from tests.runs.child import queue_at
from tests.runs.nodes import one
workspace = Path(sys.argv[1])
queue = queue_at(workspace)
queue.open()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))
large = queue.submit(one("runs/page", "page", size=1_000_000))
small = queue.submit(one("runs/page", "page", size=100_000))
large, small = queue.wait(large.run_id, 20), queue.wait(small.run_id, 20)
print(large.status, [p.code for p in large.problems], bool(large.problems[0].hint), large.outputs)
print(small.status, [item["bytes"] for item in small.outputs["out"]])
files = [path for path in (workspace / "outputs").rglob("*") if path.is_file()]
print([(path.name, path.stat().st_size) for path in files])
print(sorted(path.name for path in (workspace / "outputs").iterdir()) == [small.folder])
queue.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on the size of files")
def test_a_full_disk_fails_the_run_and_the_queue_goes_on(tmp_path):
    """A real write that fails: the process may write no file of more than 900 kB."""
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(tmp_path)], capture_output=True, text=True, timeout=50
    )

    assert done.stdout.splitlines() == [
        "failed ['disk_full'] True {}",
        "succeeded [100000]",
        "[('out.txt', 100000)]",
        "True",
    ], done.stderr


def test_an_output_folder_that_can_not_be_made_fails_the_run(queue, engine):
    engine.workspace.outputs.parent.mkdir(parents=True, exist_ok=True)
    engine.workspace.outputs.write_text("I am no folder")

    record = run(queue, one("runs/page", "page"))

    assert record.status == "failed"
    assert [p.code for p in record.problems] == ["write_failed"]
    assert run(queue, adding()).status == "succeeded"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", "image/png"),
        ("a.TXT", "text/plain"),
        ("a.json", "application/json"),
        ("a.webp", "image/webp"),
        ("a.safetensors", "application/octet-stream"),
        ("a.nii.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_media_types(name, kind):
    assert media_type(name) == kind
