"""What the README says works: its example runs, and what it links to is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_node_of_the_readme_runs(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHGEN_WORKSPACE", str(tmp_path))
    example = next(code for code in EXAMPLES if "hookimpl" in code)
    (said,) = re.findall(r"print\(.*\)\s+# (.*)", example)

    exec(compile(example, "README.md", "exec"), {"__name__": "readme"})

    assert capsys.readouterr().out.strip() == said


def test_what_the_readme_links_to_is_there():
    linked = re.findall(r"\]\(([^)#]+)\)", README)

    assert len(linked) > 10
    assert [path for path in linked if not (ROOT / path).exists()] == []
