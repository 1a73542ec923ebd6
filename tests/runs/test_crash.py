"""Processes that are killed: what was accepted is not lost, and ends once."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphgen.runs import DatabaseUnusable
from tests.runs.child import queue_at
from tests.runs.nodes import HERE, WAIT, files_below

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system"),
]
ROOT = Path(__file__).parents[2]


class Child:
    """A process that works on a workspace until it is killed."""

    def __init__(self, workspace, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.runs.child", str(workspace), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.lines = []

    def until(self, word):
        """Read what it says up to a line that begins with a word."""
        for line in self.process.stdout:
            self.lines.append(line.split())
            if self.lines[-1][0] == word:
                return self.lines[-1][1:]
        raise AssertionError(f"it ended before it said {word!r}: {self.lines}")

    def kill(self):
        """End it now; returns everything it had said."""
        self.process.send_signal(signal.SIGKILL)
        rest = self.process.stdout.read()
        self.process.wait()
        # A line without its end was cut off.
        self.lines += [line.split() for line in rest.splitlines(keepends=True) if line[-1] == "\n"]
        return self.lines

    def ended(self):
        return self.process.wait(WAIT)


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


@pytest.fixture
def reopened(workspace):
    """The queue of the workspace, in this process."""
    queues = []

    def open_(**options):
        queue = queue_at(workspace, **options)
        queues.append(queue)
        queue.open()
        return queue

    yield open_
    for queue in queues:
        queue.close()


def await_path(path):
    until = time.monotonic() + WAIT
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.005)


def drain(queue):
    for record in queue.active():
        queue.wait(record.run_id, WAIT)


def test_the_queue_goes_on_in_its_order(workspace, reopened):
    child = Child(workspace, "hold")
    order = child.until("order")
    await_path(workspace / "inputs" / "go-begun-100")
    running = order[0]
    assert files_below(workspace / "outputs") != set()
    child.kill()
    (workspace / "inputs" / "go").touch()

    events = []
    queue = reopened(listeners=[events.append])
    drain(queue)

    started = [e.run_id for e in events if type(e).__name__ == "RunStarted"]
    ended = [e.run_id for e in events if type(e).__name__ == "RunEnded"]
    # Runs of priority 1, then the interrupted one as the first of its equals.
    priority = {r.run_id: r.priority for r in queue.history()}
    assert [priority[run_id] for run_id in started] == [1, 1, 0, 0, 0]
    rest = [run_id for run_id in order[1:] if priority[run_id] == 0]
    assert started == [id for id in order if priority[id] == 1] + [running, *rest]
    assert ended == started
    record = queue.get(running)
    assert (record.status, record.attempts) == ("succeeded", 2)
    assert record.nodes["slow"]["status"] == "cached"
    assert {queue.get(run_id).attempts for run_id in order[1:]} == {1}


@pytest.mark.parametrize(
    ("node", "output", "half"),
    [("await_file", "value", "note.txt"), ("scroll", "scroll", "/.partial-")],
)
def test_an_interrupted_run_leaves_no_files(workspace, reopened, node, output, half):
    child = Child(workspace, "stand", f"runs/{node}", output)
    child.until("paused")
    until = time.monotonic() + WAIT
    while half not in str(files_below(workspace / "outputs")):
        assert time.monotonic() < until
        time.sleep(0.005)
    child.kill()
    other = workspace / "outputs" / "mine.txt"
    other.touch()

    queue = reopened()

    assert queue.paused
    assert [(r.status, r.attempts) for r in queue.active()] == [("queued", 1)]
    assert files_below(workspace / "outputs") == {"mine.txt"}


def test_a_run_that_ends_the_process_three_times_has_failed(workspace, reopened):
    for _ in range(3):
        assert Child(workspace, "crash").ended() == -signal.SIGKILL

    queue = reopened()
    drain(queue)

    note, crashed = queue.history()
    assert crashed.status == "failed"
    assert crashed.attempts == 3
    assert [p.code for p in crashed.problems] == ["crashed"]
    assert "3 times" in crashed.problems[0].message
    assert crashed.problems[0].hint
    assert crashed.finished >= crashed.started
    assert (note.status, note.attempts) == ("succeeded", 1)
    assert HERE.order == [5]


def test_a_run_that_was_being_cancelled_is_not_run_again(workspace, reopened):
    child = Child(workspace, "cancel")
    (run_id,) = child.until("cancelled")
    child.kill()
    events = []

    queue = reopened(listeners=[events.append])

    assert queue.get(run_id).status == "cancelled"
    assert [(e.run_id, e.status) for e in events] == [(run_id, "cancelled")]
    assert queue.active() == []


def test_a_second_process_is_told_that_the_workspace_is_in_use(workspace, reopened):
    child = Child(workspace, "hold")
    child.until("order")

    with pytest.raises(DatabaseUnusable) as refused:
        reopened()

    (problem,) = refused.value.problems
    assert problem.code == "workspace_in_use"
    assert str(workspace) in problem.message
    assert problem.hint
    child.kill()
    (workspace / "inputs").mkdir(exist_ok=True)
    (workspace / "inputs" / "go").touch()
    queue = reopened()
    drain(queue)
    assert {record.status for record in queue.history()} == {"succeeded"}


def test_killed_again_and_again_under_load(workspace, reopened):
    accepted, cancelled, ended = {}, set(), set()
    dice = random.Random(7)
    for round_ in range(6):
        child = Child(workspace, "load", str(round_))
        child.until("ended")  # else a slow machine gets none done in three lives
        time.sleep(dice.uniform(0.0, 0.4))
        for word, *rest in child.kill():
            if word == "accepted":
                accepted[rest[0]] = int(rest[1])
            elif word == "cancelled":
                cancelled.add(rest[0])
            elif word == "ended":
                ended.add(rest[0])

    queue = reopened()
    drain(queue)

    records = {record.run_id: record for record in queue.history(10**6)}
    assert len(records) == len(queue.history(10**6))
    assert accepted.keys() <= records.keys()
    assert ended <= records.keys()
    outputs = workspace / "outputs"
    expected_files = set()
    for run_id, record in records.items():
        if record.status == "cancelled":
            assert run_id in cancelled or run_id not in accepted
        else:
            assert record.status == "succeeded", record.problems
            number = record.outputs["number"][0]["value"]
            assert accepted.get(run_id, number) == number
            (page,) = record.outputs["page"]
            text = (outputs / page["file"]).read_text()
            assert len(text) == page["bytes"] == 200_000
            assert text.startswith(f"{number}:x")
            assert text.endswith("x!")
            assert page["file"] == f"{record.folder}/page.txt"
            expected_files |= {record.folder, page["file"]}
            expected_files.add(f"{record.folder}/written-{number}.txt")
    found = files_below(outputs)
    cancelled_folders = {r.folder for r in records.values() if r.status == "cancelled"}
    assert {name for name in found if name.split("/")[0] not in cancelled_folders} == expected_files
    assert not [name for name in found if "partial" in name]
    assert ended
