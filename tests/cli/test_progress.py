from __future__ import annotations

import os
import pty
import re


def test_plain_lines_name_each_node_once_when_it_starts_and_ends(start, write):
    path = write(
        {
            "a": ("probe/wait", {"seconds": 0.05}),
            "b": ("probe/wait", {"seconds": 0.02, "after": "=a.value"}),
        },
        {"n": "b.value"},
    )
    process = start("run", path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    lines = [re.sub(r"\d+\.\d\d s", "T", line) for line in err.splitlines()]
    assert lines[:4] == ["a: started", "a: done in T", "b: started", "b: done in T"]
    assert lines[4] == "succeeded in T: 2 nodes computed, 0 from the cache"
    assert len(lines) == 5
    assert "\x1b" not in err


def test_a_terminal_gets_a_bar_with_the_node_and_its_step(start, write):
    path = write(
        {
            "a": ("probe/wait", {"seconds": 0.02}),
            "b": ("probe/wait", {"seconds": 0.6, "after": "=a.value"}),
        },
        {"n": "b.value"},
    )
    ours, theirs = pty.openpty()
    process = start("run", path, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    seen = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        seen += data
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0, seen.decode()
    assert out.splitlines()[0] == "n: 0"
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())
    assert re.search(r"1/2 .*b: step \d+ of 60", shown)
    assert "b: started" not in shown
    assert "succeeded in" in shown
