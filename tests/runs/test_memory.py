"""What stays in memory, and what large runs cost."""

import gc
import json
import time
import tracemalloc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen import TypeSpec, Workflow, node
from graphgen.engine.result import NodeResult
from graphgen.runs import NodeTable, RunEnded
from graphgen.runs.documents import Document
from graphgen.runs.recent import KEPT_BYTES, Recent
from tests.runs.nodes import WAIT, Page, adding, save_page
from tests.support import graph

pytestmark = pytest.mark.timeout(120)
NODES = 10_000


def chain(count, first=0):
    nodes = {"n0": ("core/number", {"value": first})}
    for at in range(1, count):
        nodes[f"n{at}"] = ("core/add", {"a": f"=n{at - 1}.value", "b": 1})
    return Workflow.parse(graph(nodes, {"last": f"n{count - 1}.value"}))


def test_results_are_let_go_after_the_run(make_engine, make_queue, events):
    alive = []

    @node("test/watched", title="Watched", volatile=True)
    def watched() -> Page:
        """Give a page that is watched."""
        made = Page("text")
        alive.append(weakref.ref(made))
        return made

    engine = make_engine(watched, types=[TypeSpec(Page, save=save_page)], cache_bytes=0)
    queue = make_queue(engine, listeners=[events.append])
    workflow = Workflow.parse(graph({"n": "test/watched"}, {"out": "n.page"}))

    record = queue.wait(queue.submit(workflow).run_id, WAIT)

    assert record.status == "succeeded"
    until = time.monotonic() + WAIT
    while alive[0]() is not None:  # the worker is on its way out of the run
        assert time.monotonic() < until
        gc.collect()
    assert isinstance(events[-1], RunEnded)


def test_a_run_of_many_nodes_is_cheap_to_keep_and_to_list(queue):
    ids = [queue.submit(chain(NODES, first=at)).run_id for at in range(3)]
    records = [queue.wait(run_id, WAIT) for run_id in ids]

    assert [record.status for record in records] == ["succeeded"] * 3
    assert len(records[0].nodes.text) < 35 * NODES
    tracemalloc.start()
    listed = queue.history()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert [len(record.nodes) for record in listed] == [0, 0, 0]
    assert len(queue.get(ids[0]).nodes) == NODES
    assert queue.get(ids[0]).nodes["n7"]["status"] == "executed"


def test_the_record_of_an_event_holds_its_nodes_as_text(queue, events):
    queue.wait(queue.submit(chain(1000)).run_id, WAIT)

    nodes = events[-1].record.nodes

    assert "_nodes" not in vars(nodes)
    assert len(nodes) == 1000


def test_equal_documents_are_stored_once(queue):
    for at in range(20):
        queue.submit(adding(), {"x": at})
    queue.submit(adding("Other"))

    ((count,),) = queue.store._database.read("SELECT COUNT(*) FROM documents")
    assert count == 2


def test_documents_in_memory_are_bounded():
    recent = Recent()
    workflow = chain(100)
    documents = [Document.of(workflow.model_copy(update={"name": f"{at}"})) for at in range(2000)]
    for document in documents:
        recent.add(document.key, document.workflow, len(document.text))

    kept = [document for document in documents if document.key in recent]
    assert 1 < len(kept) < 2000
    assert sum(len(document.text) for document in kept) <= KEPT_BYTES
    assert kept == documents[-len(kept) :]
    assert recent.get(documents[-1].key) is documents[-1].workflow
    assert recent.get(documents[0].key) is None


def test_a_document_larger_than_that_is_kept_alone():
    recent = Recent()
    recent.add("small", 1, 1)
    recent.add("large", 2, KEPT_BYTES + 1)

    assert recent.get("large") == 2
    assert "small" not in recent
    recent.add("small", 1, 1)
    assert "large" not in recent


def test_what_is_used_again_stays_longest():
    recent = Recent()
    recent.add("a", "a", KEPT_BYTES // 2)
    recent.add("b", "b", KEPT_BYTES // 2)
    assert recent.get("a") == "a"
    recent.add("c", "c", 1)
    recent.add("c", "d", 1)

    assert recent.get("c") == "d"
    assert [name for name in "abc" if name in recent] == ["a", "c"]


def test_a_run_whose_document_is_not_in_memory_reads_it(queue):
    queue.pause()
    ids = [queue.submit(adding(), {"x": at}).run_id for at in range(2)]
    queue.store._recent = Recent()

    queue.resume()

    assert [queue.wait(run_id, WAIT).outputs["sum"][0]["value"] for run_id in ids] == [2, 3]


IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
STATUSES = st.sampled_from(["executed", "cached", "skipped", "failed"])


@given(st.dictionaries(IDS, st.tuples(STATUSES, st.floats(0, 1e5))))
def test_node_tables_come_back(nodes):
    results = {id: NodeResult(status, seconds) for id, (status, seconds) in nodes.items()}

    table = NodeTable(NodeTable.of(results).text)

    assert list(table) == list(nodes)
    for id, (status, seconds) in nodes.items():
        timed = status in ("executed", "failed")
        assert table[id]["status"] == status
        assert table[id]["seconds"] == pytest.approx(seconds if timed else 0.0, abs=1e-6)
    json.dumps(dict(table))
