"""Ctrl+C, with real processes and real signals."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture
def waiting(write):
    return write(
        {
            "quick": ("probe/wait", {"seconds": 0.02}),
            "slow": ("probe/wait", {"after": "=quick.value"}),
        },
        {"first": "quick.value", "last": "slow.value"},
    )


def until(process, text: str) -> str:
    """Read the standard error of a process up to a text."""
    seen = ""
    for line in process.stderr:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} did not come: {seen}")


def test_a_run_stops_within_a_step_and_says_what_was_kept(start, waiting, folder, cli):
    process = start("run", waiting, "--cache-dir", "cache")
    seen = until(process, "slow: started")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)  # of the minute that the node would take
    assert process.returncode == 130
    assert "quick: done" in seen
    assert "cancelled in" in err
    assert "kept in cache: quick" in err
    assert "Traceback" not in err
    assert out.splitlines()[0] == "first: 0"
    again = cli("run", waiting, "--cache-dir", "cache", "--target", "quick", "--json").json
    assert again["nodes"]["quick"]["status"] == "cached"


def test_without_a_cache_it_says_that_nothing_is_kept(start, waiting):
    process = start("run", waiting, "--json")
    until(process, "slow: started")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert '"status": "cancelled"' in out
    process = start("run", waiting)
    until(process, "slow: started")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert "nothing of it is kept" in err


def test_one_that_wakes_no_thread_is_noticed(start, write):
    process = start("run", write({"stop": "probe/interrupt"}, {"n": "stop.value"}))
    _, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "cancelled in" in err


def test_a_second_one_ends_what_does_not_listen(start, write):
    process = start("run", write({"stuck": "probe/hang"}, {"n": "stuck.value"}))
    until(process, "stuck: started")
    process.send_signal(signal.SIGINT)
    until(process, "Ctrl+C again")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT
