"""The API under what its own OpenAPI document allows, and under what it does not."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.server.nodes import GATE
from tests.server.test_openapi import PICKY
from tests.server.test_runs import SUM

EXAMPLES = 8
# Of these two, documents can't promise everything: a workflow has rules that no schema knows.
LENIENT = "positive_data_acceptance,negative_data_rejection"


def test_no_request_breaks_the_server(server, tmp_path):
    """Every answer is as described, and none is an error of the server's."""
    GATE.set()
    for name, workflow in (("my sum", SUM), ("paint", PICKY)):
        assert server.call("PUT", f"/api/workflows/{name}", json={"workflow": workflow}).ok
    server.run(SUM)

    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("run", f"{server.url}/api/openapi.json", "--no-color", "--seed", "1"),
            *("--max-examples", str(EXAMPLES), "--generation-database", "none"),
            *("--exclude-checks", LENIENT, "--suppress-health-check", "all"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )

    assert done.returncode == 0, done.stdout[-8000:]
    (cases,) = re.findall(r"(\d+) generated, \1 passed", done.stdout)
    assert int(cases) > 500
    assert server.get("/healthz").ok
