"""A workflow whose pack is not there: it opens, says so, and stays as it is when saved again."""

from __future__ import annotations

from playwright.sync_api import expect

from .dropping import drop_workflow
from .hands import card
from .test_documents import save_as

SONAR = {
    "format": "graphgen/1",
    "name": "Depths",
    "inputs": {"depth": "ping.depth"},
    "outputs": {"map": "chart.map"},
    "nodes": {
        "ping": {"type": "sonar/ping", "version": 3, "inputs": {"depth": 12.5, "odd": [1, {}]}},
        "chart": {"type": "sonar/chart", "inputs": {"echo": {"link": "ping.echo"}}},
        "label": {"type": "control/format_text", "inputs": {"template": "Depths"}},
    },
    "packs": {"sonar": "2.1.0"},
}
SAID = "'{}' comes with the pack 'sonar' 2.1.0, which is not installed"


def test_it_opens_refuses_to_run_and_is_saved_as_it_was(page, editor):
    drop_workflow(page, SONAR)
    expect(card(page, "ping")).to_contain_text("unknown node type")
    page.keyboard.press("Control+Enter")
    for type in ("sonar/ping", "sonar/chart"):
        expect(page.get_by_text(SAID.format(type)).first).to_be_visible()
    page.locator('[data-widget="label.template"]').fill("Depths of the lake")

    save_as(page, "depths")

    saved = editor.http.get(f"{editor.url}/api/workflows/depths").json()["workflow"]
    nodes = {id: node for id, node in saved["nodes"].items() if id != "label"}
    assert nodes == {id: SONAR["nodes"][id] for id in ("ping", "chart")}
    assert saved["nodes"]["label"]["inputs"] == {"template": "Depths of the lake"}
    for part in ("inputs", "outputs"):
        assert saved[part] == SONAR[part]
    assert saved["packs"]["sonar"] == "2.1.0"
