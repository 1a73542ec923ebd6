"""Workflows that are saved on the server."""

from __future__ import annotations

import pytest

from graphgen import InvalidWorkflow, RunFailed, Workflow
from graphgen.client import Conflict, NotFound, ServerError
from graphgen.runs import RunQueued
from tests.support import graph

ADD = graph({"a": ("core/add", {"a": 1})}, {"sum": "a.value"}, {"a": "a.a", "b": "a.b"})


def test_a_workflow_is_saved_read_and_run_by_name(client):
    assert client.workflows.write("my sum", ADD) == 1
    workflow, revision = client.workflows.read("my sum")
    assert (workflow, revision) == (Workflow.parse(ADD), 1)

    events = []
    run = client.workflows.run("my sum", {"b": 5}, priority=3, on_event=events.append)

    assert run.outputs == {"sum": 6}
    assert (run.name, run.priority) == ("my sum", 3)
    assert isinstance(events[0], RunQueued)
    assert client.wait(client.workflows.submit("my sum")).outputs == {"sum": 1}


def test_conflicting_saves_are_refused(client):
    workflow = Workflow.parse({**ADD, "name": "Sum"})
    assert client.workflows.write("sum", ADD, revision=0) == 1
    assert client.workflows.write("sum", workflow, revision=1) == 2
    with pytest.raises(Conflict) as caught:
        client.workflows.write("sum", {**ADD, "name": "Other"}, revision=1)
    assert caught.value.current == 2
    with pytest.raises(Conflict):
        client.workflows.write("sum", workflow, revision=0)
    with pytest.raises(Conflict):
        client.workflows.delete("sum", revision=1)
    assert client.workflows.write("sum", ADD) == 3
    client.workflows.delete("sum", revision=3)
    with pytest.raises(NotFound, match="'sum'"):
        client.workflows.read("sum")


def test_a_deleted_workflow_is_brought_back(client):
    client.workflows.write("sum", ADD)
    client.workflows.write("sum", {**ADD, "name": "Sum"})
    client.workflows.delete("sum")

    (entry,) = client.workflows.deleted()
    assert (entry.name, entry.title, entry.revision) == ("sum", "Sum", 2)
    assert client.workflows.list() == []
    assert client.workflows.restore("sum") == 2
    assert client.workflows.read("sum").workflow.name == "Sum"
    assert client.workflows.deleted() == []
    with pytest.raises(Conflict) as caught:
        client.workflows.restore("sum")
    assert caught.value.current == 2
    with pytest.raises(NotFound, match="'none'"):
        client.workflows.restore("none")


def test_a_deleted_workflow_is_removed_for_good(client):
    client.workflows.write("sum", ADD)
    with pytest.raises(Conflict) as caught:
        client.workflows.purge("sum")
    assert caught.value.current == 1
    client.workflows.delete("sum")

    client.workflows.purge("sum")

    assert client.workflows.deleted() == []
    with pytest.raises(NotFound):
        client.workflows.purge("sum")


def test_history_rename_list_and_schema(client):
    client.workflows.write("a", graph({"n": "core/number"}, {"n": "n.value"}))
    client.workflows.write("a", ADD)

    assert [entry.revision for entry in client.workflows.history("a")] in ([1, 2], [2, 1])
    assert "n" in client.workflows.read("a", revision=1).workflow.nodes
    signature = client.workflows.schema("a")
    assert set(signature.inputs["properties"]) == {"a", "b"}
    assert signature.outputs["properties"]["sum"]["type"] == "integer"
    assert client.workflows.rename("a", "b ü") == 2
    assert client.workflows.rename("b ü", "b ü", title="B") == 3
    (entry,) = client.workflows.list()
    assert (entry.name, entry.title, entry.problem) == ("b ü", "B", None)
    assert entry.modified > 0
    client.workflows.write("c", ADD)
    with pytest.raises(Conflict):
        client.workflows.rename("c", "b ü")


def test_a_damaged_file_is_listed_with_its_problem(client, server):
    folder = server.engine.workspace.workflows
    folder.mkdir(parents=True)
    (folder / "bad.json").write_text("[]")

    (entry,) = client.workflows.list()
    assert entry.problem.code == "not_a_workflow"
    with pytest.raises(InvalidWorkflow, match="no graphgen workflow"):
        client.workflows.read("bad")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "x" * 200])
def test_names_that_are_none_are_errors(client, name):
    with pytest.raises((InvalidWorkflow, ServerError)):
        client.workflows.write(name, ADD)
    assert client.workflows.list() == []


def test_errors_of_runs_by_name(client):
    with pytest.raises(NotFound, match="'none'"):
        client.workflows.run("none")
    client.workflows.write("fail", graph({"f": "core/fail"}, {"f": "f.value"}))
    with pytest.raises(RunFailed, match="boom"):
        client.workflows.run("fail")
    with pytest.raises(InvalidWorkflow, match="no input named 'x'"):
        client.workflows.run("fail", {"x": 1})
