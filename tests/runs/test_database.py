"""The file: its tables, its locks, its errors, and commits that are shared."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest

from graphgen import Workflow
from graphgen.runs import DatabaseUnusable, QueueClosed
from graphgen.runs.database import Database, Statement
from graphgen.runs.schema import MIGRATIONS, Migration, migrate
from tests.runs.nodes import HERE, WAIT, adding
from tests.support import Background, graph

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "graphgen.db"


@pytest.fixture
def database(path):
    database = Database(path)
    database.open()
    yield database
    database.close()


def problem_of(call):
    with pytest.raises(DatabaseUnusable) as refused:
        call()
    (problem,) = refused.value.problems
    return problem


def put(name, value):
    return Statement("INSERT INTO settings VALUES (?, ?)", (name, value))


def settings(database):
    return dict(database.read("SELECT name, value FROM settings"))


# Opening


def test_a_fresh_one_has_every_migration(database):
    rows = database.read("SELECT version, name, applied FROM migrations")

    assert [(version, name) for version, name, _ in rows] == [
        (at, migration.name) for at, migration in enumerate(MIGRATIONS, start=1)
    ]
    assert all(abs(applied - time.time()) < 60 for *_, applied in rows)
    assert database.read("PRAGMA journal_mode") == [("wal",)]


def test_opening_again_changes_nothing(path, database):
    database.write(put("a", "1"))
    database.close()

    again = Database(path)
    again.open()

    assert settings(again) == {"a": "1"}
    assert len(again.read("SELECT * FROM migrations")) == len(MIGRATIONS)
    again.close()


def test_an_older_one_is_brought_up_to_date(path, database):
    database.write(put("a", "1"))
    database.close()
    newer = (*MIGRATIONS, Migration("colours", ("ALTER TABLE runs ADD COLUMN colour TEXT",)))
    connection = sqlite3.connect(path, isolation_level=None)

    migrate(connection, path, newer)
    migrate(connection, path, newer)

    columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
    assert columns.count("colour") == 1
    names = [row[0] for row in connection.execute("SELECT name FROM migrations ORDER BY version")]
    assert names[-1] == "colours"
    connection.close()


def test_a_migration_that_fails_changes_nothing(path, database):
    database.close()
    broken = Migration("broken", ("ALTER TABLE runs ADD COLUMN a TEXT", "DROP TABLE nothing"))
    connection = sqlite3.connect(path, isolation_level=None)

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, (*MIGRATIONS, broken))

    assert "a" not in [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
    assert connection.execute("SELECT COUNT(*) FROM migrations").fetchone() == (len(MIGRATIONS),)
    connection.close()


def test_one_of_a_newer_version_is_left_alone(path, database):
    database.write(
        Statement("INSERT INTO migrations VALUES (?, 'from the future', 0)", (len(MIGRATIONS) + 1,))
    )
    database.close()
    before = path.read_bytes()

    problem = problem_of(Database(path).open)

    assert problem.code == "newer_database"
    assert str(path) in problem.message
    assert "update" in problem.hint
    assert path.read_bytes() == before


def test_one_of_another_program_is_left_alone(path):
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()

    assert problem_of(Database(path).open).code == "foreign_database"

    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
    connection.close()


def test_what_is_no_database_is_left_alone(path):
    path.parent.mkdir()
    path.write_bytes(b"a letter to my mother " * 1000)

    problem = problem_of(Database(path).open)

    assert problem.code == "damaged_database"
    assert "backup" in problem.hint
    assert path.read_bytes() == b"a letter to my mother " * 1000


def test_a_damaged_one_is_left_alone(path, queue, engine, make_queue):
    for value in range(50):
        run_id = queue.submit(adding(), {"x": value}).run_id
    queue.wait(run_id, WAIT)
    queue.close()
    file = queue.store.path
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * len(data[4096:])
    file.write_bytes(data)

    problem = problem_of(make_queue)

    assert problem.code == "damaged_database"
    assert file.read_bytes() == data


def test_a_folder_that_can_not_be_made_is_a_problem(tmp_path):
    (tmp_path / "file").touch()

    problem = problem_of(Database(tmp_path / "file" / "graphgen.db").open)

    assert problem.code == "write_failed"


def test_nobody_else_may_open_it(path, database):
    assert problem_of(Database(path).open).code == "workspace_in_use"

    database.close()
    again = Database(path)
    again.open()
    again.close()


def test_an_open_one_can_be_looked_into_from_outside(path, database):
    database.write(put("a", "1"))
    code = (
        "import sqlite3, sys; "
        "print(sqlite3.connect(sys.argv[1]).execute('SELECT value FROM settings').fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[('1',)]"


# Writing


def test_changes_are_made_together_or_not_at_all(database):
    with pytest.raises(DatabaseUnusable):
        database.write(put("a", "1"), put("b", "2"), put("a", "3"))

    assert settings(database) == {}
    database.write(put("a", "1"), put("b", "2"))
    assert settings(database) == {"a": "1", "b": "2"}
    database.write()


def test_a_bad_change_does_not_take_its_neighbours_along(database):
    """Those who wait share a commit; here they are made to wait for one another."""
    outcomes = {}

    def write(name, *statements):
        try:
            database.write(*statements)
            outcomes[name] = "written"
        except (DatabaseUnusable, UnicodeEncodeError) as error:
            outcomes[name] = type(error).__name__

    threads = [
        threading.Thread(target=write, args=(f"good-{at}", put(f"good-{at}", "1")))
        for at in range(8)
    ]
    threads.append(threading.Thread(target=write, args=("bad", put("x", "1"), put("x", "2"))))
    threads.append(threading.Thread(target=write, args=("half", put("y", "\ud800"))))
    with database._writing:
        for thread in threads:
            thread.start()
        while len(database._waiting) < len(threads):
            time.sleep(0.001)
    for thread in threads:
        thread.join(WAIT)

    assert outcomes.pop("bad") == "DatabaseUnusable"
    assert outcomes.pop("half") == "UnicodeEncodeError"
    assert set(outcomes.values()) == {"written"}
    assert settings(database).keys() == {f"good-{at}" for at in range(8)}


def test_those_who_wait_share_a_commit(database):
    commits = []
    database._writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else 0)
    threads = [
        threading.Thread(target=database.write, args=(put(f"n{at}", "1"),)) for at in range(20)
    ]
    with database._writing:
        for thread in threads:
            thread.start()
        while len(database._waiting) < len(threads):
            time.sleep(0.001)
    for thread in threads:
        thread.join(WAIT)

    assert len(commits) == 1
    assert len(settings(database)) == 20


# A power cut, which leaves of a file what it held when it was last flushed


class Disk:
    """Stands between the database and the disk: keeps what is flushed to it.

    Args:
        path: Of the database.
        folder: Gets what the disk has.
    """

    def __init__(self, path, folder):
        self.path = path
        self.flushes = 0
        self.working = threading.Event()
        self.working.set()
        self._log = folder / f"{path.name}-wal"
        shutil.copyfile(path, folder / path.name)

    def flush(self, handle):
        assert os.path.samestat(os.fstat(handle), os.stat(f"{self.path}-wal"))
        held = self.path.with_name(f"{self.path.name}-wal").read_bytes()
        self.working.wait(WAIT)
        self.flushes += 1
        self._log.write_bytes(held)

    def settings_after_a_power_cut(self):
        connection = sqlite3.connect(self._log.with_name(self.path.name))
        found = dict(connection.execute("SELECT name, value FROM settings"))
        connection.close()
        return found


@pytest.fixture
def disk(database, path, tmp_path, monkeypatch):
    database.read("PRAGMA wal_checkpoint(TRUNCATE)")
    (tmp_path / "disk").mkdir()
    disk = Disk(path, tmp_path / "disk")
    monkeypatch.setattr("graphgen.runs.flush._to_disk", disk.flush)
    return disk


def test_what_was_written_outlives_a_power_cut(database, disk):
    database.write(put("a", "1"))
    database.write(put("b", "2"), put("c", "3"))
    database.write(put("d", "4"), durable=False)
    assert disk.flushes == 2

    assert disk.settings_after_a_power_cut() == {"a": "1", "b": "2", "c": "3"}


def test_what_was_not_waited_for_is_flushed_with_the_next_that_is(database, disk):
    database.write(put("a", "1"), durable=False)
    assert disk.flushes == 0
    database.write(put("b", "2"))

    assert disk.settings_after_a_power_cut() == {"a": "1", "b": "2"}


def test_nobody_writes_on_before_the_disk_has_it(database, disk):
    disk.working.clear()
    waiting = threading.Thread(target=database.write, args=(put("a", "1"),))
    waiting.start()
    while not settings(database):
        time.sleep(0.001)

    database.write(put("b", "2"), durable=False)  # others need not wait for that flush
    assert waiting.is_alive()
    assert disk.flushes == 0
    disk.working.set()
    waiting.join(WAIT)
    assert disk.flushes == 1


def test_those_who_wait_for_the_disk_share_a_flush(database, disk):
    disk.working.clear()
    threads = [
        threading.Thread(target=database.write, args=(put(f"n{at}", "1"),)) for at in range(20)
    ]
    for thread in threads:
        thread.start()
    while len(settings(database)) < len(threads):
        time.sleep(0.001)
    disk.working.set()
    for thread in threads:
        thread.join(WAIT)

    assert disk.flushes <= 2  # the first may have been alone
    assert len(disk.settings_after_a_power_cut()) == 20


def test_a_disk_that_fails_is_a_problem(database, monkeypatch):
    def fail(handle):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("graphgen.runs.flush._to_disk", fail)

    assert problem_of(lambda: database.write(put("a", "1"))).code == "write_failed"
    assert problem_of(lambda: sent(database, put("b", "1")).result(WAIT)).code == "write_failed"


# Sent, for others to wait


def sent(database, *statements):
    """A future of what becomes of a change that is sent."""
    future = Future()

    def told(error):
        future.set_result(None) if error is None else future.set_exception(error)

    database.send(told, *statements)
    return future


def test_who_sends_is_told_when_the_disk_has_it(database, disk):
    disk.working.clear()
    future = sent(database, put("a", "1"), put("b", "2"))
    while not settings(database):
        time.sleep(0.001)

    database.write(put("c", "3"), durable=False)  # others need not wait for that flush
    assert not future.done()
    disk.working.set()

    assert future.result(WAIT) is None
    found = disk.settings_after_a_power_cut()
    assert {name: found.get(name) for name in "ab"} == {"a": "1", "b": "2"}


def test_what_is_sent_while_the_disk_works_shares_a_flush_in_its_order(database, disk):
    disk.working.clear()
    first = sent(database, put("n0", "1"))
    while not settings(database):
        time.sleep(0.001)
    told = []
    futures = [sent(database, put(f"n{at}", "1")) for at in range(1, 20)]
    for at, future in enumerate(futures):
        future.add_done_callback(lambda _, at=at: told.append(at))
    disk.working.set()
    for future in [first, *futures]:
        future.result(WAIT)

    assert disk.flushes == 2
    assert told == list(range(19))
    assert len(disk.settings_after_a_power_cut()) == 20


def test_a_bad_change_is_told_to_its_sender_alone(database):
    with database._writing:
        good = [sent(database, put(f"good-{at}", "1")) for at in range(4)]
        bad = sent(database, put("x", "1"), put("x", "2"))
        half = sent(database, put("y", "\ud800"))
    for future in good:
        future.result(WAIT)

    assert isinstance(bad.exception(WAIT), DatabaseUnusable)
    assert isinstance(half.exception(WAIT), UnicodeEncodeError)
    assert settings(database).keys() == {f"good-{at}" for at in range(4)}


def test_who_fails_at_being_told_holds_nobody_up(database):
    def fail(error):
        raise ValueError("not now")

    database.send(fail, put("a", "1"))

    sent(database, put("b", "2")).result(WAIT)
    assert settings(database) == {"a": "1", "b": "2"}


def test_closing_does_what_was_sent(database, path):
    with database._writing:
        futures = [sent(database, put(f"n{at}", "1")) for at in range(5)]
        closing = Background(database.close)
        while database._sent is not None:
            time.sleep(0.001)
        with pytest.raises(QueueClosed):
            sent(database, put("late", "1"))
    closing.result(WAIT)

    assert [future.result(WAIT) for future in futures] == [None] * 5
    again = Database(path)
    again.open()
    assert len(settings(again)) == 5
    again.close()


def test_a_closed_one_says_so(database):
    database.close()
    database.close()

    with pytest.raises(QueueClosed):
        database.write(put("a", "1"))
    with pytest.raises(QueueClosed):
        sent(database, put("a", "1"))
    with pytest.raises(QueueClosed):
        settings(database)


def test_the_log_is_brought_into_the_database_aside(database, path):
    log = path.with_name("graphgen.db-wal")
    for at in range(1000):
        database.write(put(f"n{at}", "x" * 20_000), durable=False)

    until = time.monotonic() + WAIT
    while log.stat().st_size > 20 << 20 or path.stat().st_size < 18 << 20:
        assert time.monotonic() < until
        database.write(put(f"m{time.monotonic()}", "x" * 20_000), durable=False)

    assert len(settings(database)) > 1000
    assert database.read("PRAGMA integrity_check") == [("ok",)]


# A disk that is full, in the form of a database that may not grow


def held_text(text):
    """A workflow that holds before it gives a text."""
    document = graph(
        {"hold": "runs/hold", "text": ("core/text", {"value": text})},
        {"hold": "hold.value", "text": "text.value"},
    )
    return Workflow.parse(document)


def stop_growing(queue):
    writer = queue.store._database._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")


def let_grow(queue):
    queue.store._database._writer.execute("PRAGMA max_page_count = 1000000")


def fill(queue):
    """Use up what room the pages have."""
    try:
        for at in range(10_000):
            queue.store.set(f"filler-{at}", "x" * 50)
    except DatabaseUnusable:
        return
    raise AssertionError("there is no end to it")


def wait_for_problem(queue):
    until = time.monotonic() + WAIT
    while queue.problem is None:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_what_can_not_be_written_is_not_accepted(queue, events):
    queue.pause()
    kept = queue.submit(adding()).run_id
    stop_growing(queue)
    fill(queue)

    problem = problem_of(lambda: queue.submit(adding(), {"x": 1}, name="n" * 5000))

    assert problem.code == "disk_full"
    assert problem.hint
    assert [record.run_id for record in queue.active()] == [kept]
    assert len([event for event in events if type(event).__name__ == "RunQueued"]) == 1
    let_grow(queue)
    after = queue.submit(adding(), {"x": 1}).run_id
    queue.resume()
    assert queue.wait(after, WAIT).status == "succeeded"


def test_a_worker_that_was_meant_for_what_was_not_accepted_takes_the_next(queue):
    stop_growing(queue)
    fill(queue)
    assert problem_of(lambda: queue.submit(adding(), name="n" * 5000)).code == "disk_full"
    let_grow(queue)

    assert queue.wait(queue.submit(adding()).run_id, WAIT).status == "succeeded"
    assert queue.wait(queue.submit(adding()).run_id, WAIT).status == "succeeded"


def test_an_end_that_can_not_be_written_is_written_later(queue, monkeypatch):
    monkeypatch.setattr("graphgen.runs.worker.RETRY_SECONDS", 0.02)
    text = held_text("x" * 60_000)
    run_id = queue.submit(text).run_id
    HERE.begun.get(timeout=WAIT)
    stop_growing(queue)
    fill(queue)

    HERE.go.set()
    wait_for_problem(queue)

    assert queue.problem.code == "disk_full"
    assert queue.get(run_id).status == "running"
    let_grow(queue)
    assert queue.wait(run_id, WAIT).status == "succeeded"
    assert queue.problem is None
    assert queue.wait(queue.submit(adding()).run_id, WAIT).status == "succeeded"


def test_a_queue_that_can_not_write_can_be_closed(queue, make_queue):
    run_id = queue.submit(held_text("x" * 60_000)).run_id
    HERE.begun.get(timeout=WAIT)
    stop_growing(queue)
    fill(queue)
    HERE.go.set()
    wait_for_problem(queue)

    assert queue.close(timeout=WAIT)

    again = make_queue()
    assert again.wait(run_id, WAIT).status == "succeeded"
