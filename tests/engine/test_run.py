"""The public face: engines, runs, results, targets, events."""

import asyncio
import json
import threading
from typing import Annotated, Any, NamedTuple

import pytest
from pydantic import Field

from graphgen import Context, Engine, InvalidWorkflow, RunFailed, Workflow, hookimpl, node
from graphgen.engine import events
from tests.support import CALLS, Background, add, graph, statuses


@node("bench/add", title="Add")
def bench_add(a: int, b: int = 0) -> int:
    """Add two integers."""
    return a + b


class BenchPack:
    @hookimpl
    def graphgen_nodes(self):
        return [bench_add]


def test_the_public_interface_as_documented(tmp_path):
    workflow = {
        "format": "graphgen/1",
        "inputs": {"a": "n0.a"},
        "outputs": {"sum": "n1.value"},
        "nodes": {
            "n0": {"type": "bench/add", "inputs": {"b": 4}},
            "n1": {"type": "bench/add", "inputs": {"a": {"link": "n0.value"}, "b": 5}},
        },
    }
    path = tmp_path / "sum.json"
    path.write_text(json.dumps(workflow))

    engine = Engine(plugins=[BenchPack()])
    result = engine.run(workflow, inputs={"a": 3})

    assert result.outputs["sum"] == 12
    assert result.nodes["n0"].status == "executed"
    assert result.nodes["n0"].seconds > 0
    assert result.status == "succeeded"
    assert result.problems == []
    assert result.seconds > 0
    assert result.run_id
    assert engine.run(path, inputs={"a": 3}).nodes["n0"].status == "cached"
    assert engine.run(str(path), inputs={"a": 4}).outputs == {"sum": 13}
    assert engine.run(Workflow.read(path), inputs={"a": 5}).outputs == {"sum": 14}
    engine.close()


def test_the_public_names():
    import graphgen

    for name in graphgen.__all__:
        assert getattr(graphgen, name) is not None
    with pytest.raises(AttributeError, match="Nothing"):
        _ = graphgen.Nothing


SUM = graph(
    {
        "a": ("core/number", {"value": 1}),
        "b": ("core/number", {"value": 2}),
        "sum": ("core/add", {"a": "=a.value", "b": "=b.value"}),
        "beside": ("core/number", {"value": 9}),
    },
    outputs={"sum": "sum.value"},
    inputs={"a": "a.value", "both": ["a.value", "b.value"]},
)


def test_a_run_gives_the_named_outputs_and_runs_only_what_they_need(engine):
    result = engine.run(SUM)

    assert result.outputs == {"sum": 3}
    assert statuses(result) == {"a": "executed", "b": "executed", "sum": "executed"}
    assert CALLS["number"] == 2


def test_named_inputs_reach_every_port_they_feed(engine):
    assert engine.run(SUM, inputs={"both": 5}).outputs == {"sum": 10}
    assert engine.run(SUM, inputs={"a": 7}).outputs == {"sum": 9}


def test_unknown_and_bad_inputs_are_refused_before_anything_runs(engine):
    with pytest.raises(InvalidWorkflow) as caught:
        engine.run(SUM, inputs={"c": 1})
    assert [p.code for p in caught.value.problems] == ["unknown_input"]
    with pytest.raises(InvalidWorkflow) as caught:
        engine.run(SUM, inputs={"a": "x"})
    assert [(p.code, p.node, p.port) for p in caught.value.problems] == [
        ("value_not_allowed", "a", "value")
    ]
    assert CALLS == {}


def test_the_same_run_again_is_all_cached(engine):
    engine.run(SUM)
    CALLS.clear()

    result = engine.run(SUM)

    assert result.outputs == {"sum": 3}
    assert statuses(result) == {"a": "cached", "b": "cached", "sum": "cached"}
    assert all(n.seconds == 0 for n in result.nodes.values())
    assert CALLS == {}


def test_whether_the_function_of_a_node_was_called(engine):
    good = graph({"a": "core/number"}, {"a": "a.value"})
    bad = graph({"a": "core/fail"}, {"a": "a.value"})

    assert engine.run(good).nodes.ran
    assert not engine.run(good).nodes.ran
    assert engine.run(bad).nodes.ran


def test_an_edited_leaf_runs_only_what_is_below_it(engine):
    engine.run(SUM)

    result = engine.run(SUM, inputs={"a": 5})

    assert statuses(result) == {"a": "executed", "b": "cached", "sum": "executed"}


def test_chosen_targets_run_with_what_they_need_and_nothing_else(engine):
    result = engine.run(SUM, targets=["b", "beside"])

    assert statuses(result) == {"b": "executed", "beside": "executed"}
    assert result.nodes["b"].outputs == {"value": 2}
    assert result.nodes["beside"].outputs == {"value": 9}
    assert result.outputs == {}


def test_outputs_of_nodes_that_are_no_targets_are_let_go(engine):
    result = engine.run(SUM, targets=["sum"])

    assert result.nodes["sum"].outputs == {"value": 3}
    assert result.nodes["a"].outputs == {}


def test_a_broken_node_does_not_matter_if_the_targets_do_not_need_it(engine):
    document = graph({"good": ("core/number", {"value": 1}), "bad": ("core/add", {"a": "x"})})

    assert engine.run(document, targets=["good"]).nodes["good"].outputs == {"value": 1}
    with pytest.raises(InvalidWorkflow):
        engine.run(document)


def test_unknown_targets_are_refused(engine):
    with pytest.raises(InvalidWorkflow) as caught:
        engine.run(SUM, targets=["smu", "b"])

    (problem,) = caught.value.problems
    assert problem.code == "unknown_node"
    assert "smu" in problem.message
    assert "sum" in problem.hint


def test_a_target_may_be_named_twice(engine):
    assert engine.run(SUM, targets=["sum", "sum"]).nodes["sum"].outputs == {"value": 3}


def test_without_named_outputs_every_last_node_is_run(engine):
    document = graph(
        {
            "a": ("core/number", {"value": 1}),
            "b": ("core/add", {"a": "=a.value"}),
            "c": ("core/add", {"a": "=a.value", "b": 2}),
        }
    )

    result = engine.run(document)

    assert result.outputs == {}
    assert result.nodes["b"].outputs == {"value": 1}
    assert result.nodes["c"].outputs == {"value": 3}
    assert result.nodes["a"].outputs == {}


WRITTEN = []


@node("test/write", title="Write", volatile=True)
def write(value: int) -> None:
    """Write a number somewhere."""
    WRITTEN.append(value)


def test_nodes_that_write_something_run_although_nothing_needs_them(make_engine):
    WRITTEN.clear()
    document = graph(
        {"a": ("core/number", {"value": 4}), "w": ("test/write", {"value": "=a.value"})},
        outputs={"a": "a.value"},
    )

    result = make_engine(write).run(document)

    assert WRITTEN == [4]
    assert result.nodes["w"].status == "executed"


def test_an_empty_workflow_runs(engine):
    result = engine.run(graph({}))

    assert (result.status, result.outputs, dict(result.nodes)) == ("succeeded", {}, {})


class Halves(NamedTuple):
    quotient: int
    rest: Annotated[int, Field(description="0 or 1.")]


@node("test/halve", title="Halve")
def halve(value: int) -> Halves:
    """Halve a number."""
    return Halves(value // 2, value % 2)


@node("test/halve_async", title="Halve later")
async def halve_async(value: int) -> Halves:
    """Halve a number, in its time."""
    await asyncio.sleep(0)
    return Halves(value // 2, value % 2)


@pytest.mark.parametrize("type_", ["test/halve", "test/halve_async"])
def test_several_outputs_are_linked_by_name(make_engine, type_):
    document = graph(
        {
            "h": (type_, {"value": 7}),
            "a": ("core/add", {"a": "=h.rest", "b": 10}),
            "b": ("core/add", {"a": "=h.quotient", "b": 10}),
        },
        outputs={"rest": "a.value", "quotient": "b.value", "q": "h.quotient"},
    )

    assert make_engine(halve, halve_async).run(document).outputs == {
        "rest": 11,
        "quotient": 13,
        "q": 3,
    }


@node("test/later", title="Later")
async def later(value: int) -> int:
    """Give a number, in its time."""
    await asyncio.sleep(0)
    return value


def test_async_nodes_among_others(make_engine):
    document = graph(
        {
            "a": ("test/later", {"value": 1}),
            "b": ("core/add", {"a": "=a.value", "b": 2}),
            "c": ("test/later", {"value": "=b.value"}),
        },
        outputs={"out": "c.value"},
    )

    result = make_engine(later).run(document)

    assert result.outputs == {"out": 3}
    assert result.nodes["c"].seconds > 0


def test_arun(make_engine):
    engine = make_engine(later)

    async def go():
        results = await asyncio.gather(
            engine.arun(SUM, inputs={"a": 1}), engine.arun(SUM, inputs={"a": 2})
        )
        return [result.outputs for result in results]

    assert asyncio.run(go()) == [{"sum": 3}, {"sum": 4}]


def test_arun_raises_what_run_raises(engine):
    async def go():
        await engine.arun(SUM, inputs={"c": 1})

    with pytest.raises(InvalidWorkflow):
        asyncio.run(go())


@node("test/describe", title="Describe context")
def describe(*, ctx: Context) -> dict[str, Any]:
    """Say what a node is told."""
    return {
        "run": ctx.run_id,
        "node": ctx.node,
        "device": ctx.device,
        "dtype": ctx.dtype_name,
        "outputs": str(ctx.outputs),
    }


def test_a_node_is_told_its_run_its_id_and_where_to_write(make_engine, tmp_path):
    result = make_engine(describe, dtype="bfloat16").run(
        graph({"d": "test/describe"}), run_id="the-run", outputs=tmp_path / "there"
    )

    assert result.run_id == "the-run"
    assert result.nodes["d"].outputs["value"] == {
        "run": "the-run",
        "node": "d",
        "device": "cpu",
        "dtype": "bfloat16",
        "outputs": str(tmp_path / "there"),
    }


def test_an_unknown_dtype_is_refused():
    with pytest.raises(InvalidWorkflow) as caught:
        Engine(installed=False, dtype="float8")
    assert [p.code for p in caught.value.problems] == ["unknown_dtype"]


def test_raise_if_failed(engine):
    good = engine.run(SUM)
    assert good.raise_if_failed() is good
    bad = engine.run(graph({"f": "core/fail"}))
    with pytest.raises(RunFailed) as caught:
        bad.raise_if_failed()
    assert caught.value.problems == bad.problems
    assert caught.value.result is bad


# Events


@node("test/steps", title="Steps")
def steps(count: int, *, ctx: Context) -> int:
    """Take steps."""
    for step in range(count):
        ctx.progress(step + 1, count, lambda step=step: f"picture {step + 1}".encode())
    return count


def listened(engine, document, **options):
    heard = []
    result = engine.run(document, listeners=[heard.append], **options)
    return result, heard


def test_listeners_get_typed_events_in_order(make_engine):
    document = graph(
        {"s": ("test/steps", {"count": 2}), "a": ("core/add", {"a": "=s.value"})},
        outputs={"out": "a.value"},
    )

    result, heard = listened(make_engine(steps), document, previews=True)

    assert [type(event) for event in heard] == [
        events.RunStarted,
        events.NodeStarted,
        events.NodeProgress,
        events.NodeProgress,
        events.NodeFinished,
        events.NodeStarted,
        events.NodeFinished,
        events.RunFinished,
    ]
    assert {event.run_id for event in heard} == {result.run_id}
    times = [event.time for event in heard]
    assert times == sorted(times)
    assert heard[0].nodes == 2
    started, first, second, finished = heard[1:5]
    assert (started.node, started.type) == ("s", "test/steps")
    assert (first.node, first.step, first.total, first.preview) == ("s", 1, 2, b"picture 1")
    assert (second.step, second.preview) == (2, b"picture 2")
    assert finished.seconds == result.nodes["s"].seconds
    assert (heard[-1].status, heard[-1].seconds) == ("succeeded", result.seconds)


def test_cached_skipped_and_failed_nodes_are_told(engine):
    document = graph(
        {
            "n": ("core/number", {"value": 1}),
            "f": ("core/refuse", {"value": "=n.value"}),
            "after": ("core/add", {"a": "=f.value"}),
        }
    )
    engine.run(document)

    _, heard = listened(engine, document)

    assert [(type(e).__name__, getattr(e, "node", None)) for e in heard] == [
        ("RunStarted", None),
        ("NodeCached", "n"),
        ("NodeStarted", "f"),
        ("NodeFailed", "f"),
        ("NodeSkipped", "after"),
        ("RunFinished", None),
    ]
    failed = heard[3]
    assert (failed.problem.code, failed.problem.node, failed.problem.port) == (
        "wont_do",
        "f",
        "value",
    )
    assert "NodeError" in failed.traceback
    assert heard[-1].status == "failed"


def test_previews_are_made_only_if_somebody_watches(make_engine):
    made = []

    @node("test/previews", title="Previews", volatile=True)
    def previews(*, ctx: Context) -> int:
        """Offer a preview."""
        ctx.progress(1, 1, lambda: made.append(1) or b"png")
        return 1

    engine = make_engine(previews)
    engine.run(graph({"p": "test/previews"}), listeners=[lambda event: None])
    assert made == []
    engine.run(graph({"p": "test/previews"}), previews=True)
    assert made == []
    engine.run(graph({"p": "test/previews"}), listeners=[lambda event: None], previews=True)
    assert made == [1]


def test_engine_listeners_hear_every_run(make_engine):
    heard = []
    engine = make_engine(listeners=[heard.append])

    one, two = engine.run(SUM), engine.run(SUM)

    assert {event.run_id for event in heard} == {one.run_id, two.run_id}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", [events.RunStarted, events.NodeStarted, events.NodeProgress])
def test_a_listener_that_raises_neither_ends_the_run_nor_blocks_the_next(make_engine, kind):
    def bad(event):
        if isinstance(event, kind):
            raise ValueError("this listener is broken")

    engine = make_engine(steps)
    document = graph({"s": ("test/steps", {"count": 2})}, outputs={"out": "s.value"})

    result = engine.run(document, listeners=[bad])

    assert result.status == "succeeded"
    assert result.outputs == {"out": 2}
    assert Background(engine.run, document).result().outputs == {"out": 2}


@pytest.mark.timeout(20)
def test_a_listener_that_fails_in_two_threads_at_once(make_engine):
    barrier = threading.Barrier(2, timeout=5)

    def bad(event):
        if isinstance(event, events.NodeProgress):
            barrier.wait()
            raise ValueError("this listener is broken")

    document = graph({"a": ("test/steps", {"count": 1}), "b": ("test/one_step", {})})
    for _ in range(5):
        engine = make_engine(steps, one_step)
        assert engine.run(document, listeners=[bad]).problems == []
        barrier.reset()


@node("test/one_step", title="One step")
def one_step(*, ctx: Context) -> int:
    """Take one step."""
    ctx.progress(1, 1)
    return 1


def test_every_started_node_ends_and_none_ends_twice(make_engine):
    document = graph(
        {
            "u": ("core/upto", {"count": 3}),
            "m": ("core/add", {"a": "=u.value", "b": 1}),
            "t": ("core/total", {"values": "=m.value"}),
            "f": ("core/fail", {"value": "=t.value"}),
        }
    )

    _, heard = listened(make_engine(), document)

    begun, ended = [], []
    for event in heard:
        if isinstance(event, events.NodeStarted):
            assert event.node not in begun
            begun.append(event.node)
        elif isinstance(event, (events.NodeFinished, events.NodeFailed)):
            assert event.node in begun
            assert event.node not in ended
            ended.append(event.node)
    assert sorted(begun) == sorted(ended)


# Engines


def test_runs_of_different_engines_share_nothing(make_engine):
    make_engine().run(SUM)

    assert statuses(make_engine().run(SUM))["sum"] == "executed"


def test_an_engine_is_a_context_manager(tmp_path):
    threads = threading.active_count()
    with Engine([BenchPack()], installed=False, workspace=tmp_path, device="cpu") as engine:
        engine.run(graph({"a": ("bench/add", {"a": 1})}))
    assert threading.active_count() <= threads


def test_free_memory_forgets_what_was_computed(engine):
    engine.run(SUM)

    assert engine.free_memory() > 0
    assert statuses(engine.run(SUM))["sum"] == "executed"


def test_a_decorated_function_is_still_the_function():
    assert add(2, 3) == 5
