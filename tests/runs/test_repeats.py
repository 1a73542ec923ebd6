"""Submissions that come again under their key: one run, through restarts, for a day."""

import sqlite3
import threading

import pytest

from graphgen import InvalidWorkflow
from graphgen.runs import Key, repeats
from graphgen.runs.schema import MIGRATIONS, migrate
from tests.runs.nodes import WAIT, adding

pytestmark = pytest.mark.timeout(60)

FIRST, SECOND = Key("first", b"1" * 32), Key("second", b"2" * 32)


def ids(queue):
    return [record.run_id for record in queue.history()]


def test_what_comes_again_is_the_same_run_and_another_key_another(queue):
    first = queue.submit(adding(), key=FIRST)
    again = queue.submit(adding(), key=FIRST)
    other = queue.submit(adding(), key=SECOND)
    without = queue.submit(adding())

    assert again.run_id == first.run_id
    assert ids(queue) == [without.run_id, other.run_id, first.run_id]
    assert queue.wait(first.run_id, WAIT).status == "succeeded"
    ended = queue.submit(adding(), key=FIRST)
    assert (ended.run_id, ended.status) == (first.run_id, "succeeded")
    assert queue.submitted(SECOND).run_id == other.run_id
    assert queue.submitted(Key("third", b"")) is None


def test_something_else_under_a_key_is_refused(queue):
    run_id = queue.submit(adding(), key=FIRST).run_id

    with pytest.raises(InvalidWorkflow) as refused:
        queue.submit(adding(), {"x": 5}, key=FIRST._replace(request=b"other"))

    assert [problem.code for problem in refused.value.problems] == ["key_reused"]
    assert ids(queue) == [run_id]


def test_what_was_refused_may_come_again(queue):
    with pytest.raises(InvalidWorkflow):
        queue.submit(adding(), priority=1000, key=FIRST)

    run_id = queue.submit(adding(), key=FIRST).run_id
    assert ids(queue) == [run_id]


def test_the_same_at_the_same_time_is_one_run(queue):
    start = threading.Barrier(8)
    found = []

    def submit():
        start.wait(WAIT)
        found.append(queue.submit(adding(), key=FIRST).run_id)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)

    assert len(found) == 8
    assert ids(queue) == [found[0]]
    assert set(found) == {found[0]}


def test_keys_are_kept_through_a_restart_and_for_a_day(queue, make_queue, monkeypatch):
    run_id = queue.submit(adding(), key=FIRST).run_id
    queue.wait(run_id, WAIT)
    queue.close()

    again = make_queue()
    assert again.submit(adding(), key=FIRST).run_id == run_id
    monkeypatch.setattr(repeats, "KEPT_SECONDS", -1.0)
    assert again.submitted(FIRST) is None
    later = again.submit(adding(), key=SECOND).run_id
    anew = again.submit(adding(), key=FIRST).run_id
    assert ids(again) == [anew, later, run_id]
    kept = again.store._database.read("SELECT name FROM keys")
    assert kept == [("first",)]  # what is over is taken out with the next


def test_a_database_from_before_keys_is_brought_up_to_date(queue, make_queue):
    run_id = queue.submit(adding()).run_id
    queue.wait(run_id, WAIT)
    queue.close()
    path = queue.store.path
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TABLE keys")
    connection.execute("DELETE FROM migrations WHERE version > 1")
    migrate(connection, path, MIGRATIONS[:1])  # as a version without keys would open it
    connection.close()

    again = make_queue()

    known = again.submit(adding(), key=FIRST).run_id
    assert again.submit(adding(), key=FIRST).run_id == known
    assert ids(again) == [known, run_id]
