"""The benchmark suite runs and writes what it says; no time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_suite_writes_its_figures(tmp_path):
    output = tmp_path / "figures.json"
    names = ["trivial_nodes", "branches", "startup"]

    subprocess.run(
        [sys.executable, "-m", "benchmarks", *names, "--quick", "--output", str(output)],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )

    written = json.loads(output.read_text())
    assert written["machine"]["cores"] >= 1
    said = {figure["name"] for figure in written["figures"]}
    assert {"1,000 nodes, chain: cold", "graphgen --help", "graphgen validate"} <= said
    assert all(figure["baseline"] > 0 and figure["ours"] > 0 for figure in written["figures"])
