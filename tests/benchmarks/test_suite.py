"""The benchmark suite runs and writes what it says; no time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from graphgen.cli import main; sys.exit(main())"
COMMAND = [sys.executable, "-c", MAIN, "bench"]


def test_the_quick_suite_writes_its_figures(tmp_path):
    output, picture = tmp_path / "figures.json", tmp_path / "figures.svg"
    names = ["trivial_nodes", "branches", "startup"]

    subprocess.run(
        [*COMMAND, *names, "--quick", "--output", str(output), "--plot", str(picture)],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )

    assert "<svg" in picture.read_text(encoding="utf-8")
    written = json.loads(output.read_text())
    assert written["machine"]["cores"] >= 1
    said = {figure["name"] for figure in written["figures"]}
    assert {"1,000 nodes, chain: cold", "graphgen --help", "graphgen validate"} <= said
    assert all(figure["baseline"] > 0 and figure["ours"] > 0 for figure in written["figures"])


def test_a_part_that_is_none_is_told():
    done = subprocess.run([*COMMAND, "speed"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no part is named speed" in done.stderr
    assert "trivial_nodes" in done.stderr
