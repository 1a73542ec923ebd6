"""A run as a trace: spans in rows where they are free of each other or inside one another."""

import json

from hypothesis import given
from hypothesis import strategies as st

from graphgen import node
from graphgen.activity import Activity
from graphgen.engine import events as ev
from graphgen.engine.trace import Trace
from tests.support import graph

A_MOMENT = 1_700_000_000.0


def written(trace, path, device_types=()):
    trace.write(path, device_types)
    events = json.loads(path.read_text())["traceEvents"]
    rows = {e["tid"]: e["args"]["name"] for e in events if e.get("name") == "thread_name"}
    return [{**e, "row": rows[e["tid"]]} for e in events if e["ph"] != "M"]


@node("trace/steps", title="Steps")
def steps(count: int, *, ctx) -> int:  # type: ignore[no-untyped-def]
    """Say how far it is."""
    for step in range(count):
        ctx.progress(step + 1, count)
    return count


@node("trace/broken", title="Broken", device=True)
def broken(value: int) -> int:
    """Fail."""
    raise ValueError(f"no {value}")


def test_a_run_has_its_nodes_steps_and_outcomes(make_engine, tmp_path):
    engine = make_engine(steps, broken)
    document = graph(
        {
            "many": ("trace/steps", {"count": 3}),
            "bad": ("trace/broken", {"value": "=many.value"}),
            "after": ("core/add", {"a": "=bad.value"}),
            "same": ("core/add", {"a": "=many.value"}),
        },
        {"x": "after.value", "y": "same.value"},
    )
    trace = Trace()
    engine.run(document, listeners=[trace])
    spans = written(trace, tmp_path / "trace.json", {"trace/broken"})
    (run,) = (s for s in spans if s["row"] == "run")
    assert run["name"] == "run failed"
    told = {s["name"]: s for s in spans if "type" in s["args"]}
    assert {name: s["args"]["status"] for name, s in told.items()} == {
        "many": "executed", "bad": "failed", "after": "skipped", "same": "executed",
    }  # fmt: skip
    assert told["bad"]["row"] == "device nodes"
    assert "no 3" in told["bad"]["args"]["problem"]
    many = told["many"]
    inside = [s for s in spans if s["name"] in ("1/3", "2/3", "3/3")]
    assert [s["tid"] for s in inside] == [many["tid"]] * 3
    assert all(run["ts"] <= s["ts"] <= run["ts"] + run["dur"] for s in spans)

    again = Trace()
    engine.run(document, listeners=[again])
    cached = [s for s in written(again, tmp_path / "again.json") if s["ph"] == "i"]
    assert {s["args"]["status"] for s in cached} >= {"cached"}


def test_what_memory_was_moved_stands_on_the_row_of_its_device(tmp_path):
    trace = Trace()
    trace.activity(Activity("load", "emoji-64/unet", A_MOMENT, 0.25, 1000, "cuda:0"))
    trace.activity(Activity("evict", "3f2a", A_MOMENT + 1, 0.5, 64, "cuda:0", "cpu"))
    evict, load = written(trace, tmp_path / "trace.json")
    assert (load["name"], load["row"]) == ("load emoji-64/unet", "memory of cuda:0")
    assert (evict["name"], evict["row"]) == ("evict 3f2a to cpu", "memory of cpu")
    assert (load["ts"], load["dur"], evict["ts"], evict["dur"]) == (0, 250e3, 1e6, 500e3)
    assert load["args"]["bytes"] == 1000


def test_nothing_at_all_is_a_trace_too(tmp_path):
    assert written(Trace(), tmp_path / "trace.json") == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=30))
def test_spans_of_a_row_never_cross(tmp_path_factory, times):
    trace = Trace()
    for began, length in times:
        trace.activity(Activity("load", "x", A_MOMENT + began, float(length), 1, "cpu"))
    spans = written(trace, tmp_path_factory.mktemp("trace") / "trace.json")
    assert len(spans) == len(times)
    for one in spans:
        for other in spans:
            if one is other or one["tid"] != other["tid"]:
                continue
            first, last = sorted((one, other), key=lambda s: (s["ts"], -s["dur"]))
            end = first["ts"] + first["dur"]
            assert end <= last["ts"] or last["ts"] + last["dur"] <= end


def test_a_failed_node_without_a_start_is_shown(tmp_path):
    from graphgen.problems import Problem

    trace = Trace()
    trace(ev.NodeFailed("r", A_MOMENT, "n", "core/add", Problem("x", "never began")))
    (span,) = written(trace, tmp_path / "trace.json")
    assert (span["name"], span["dur"]) == ("n", 0)
