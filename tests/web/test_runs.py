"""Runs as the editor shows them: batches, the queue, results of every kind, lost connections."""

from __future__ import annotations

import graphgen_nodes.image
import pytest
from playwright.sync_api import expect

from tests.server.live import Live, eventually
from tests.server.nodes import ENTERED, GATE, STEERED

from .conftest import PATIENCE
from .dropping import drop_workflow
from .hands import select


@pytest.fixture
def steered(built, make_engine, tmp_path):
    """A server whose nodes wait until the test opens the gate."""
    GATE.clear()
    ENTERED.clear()
    engine = make_engine(*STEERED, plugins=[graphgen_nodes.image], workspace=tmp_path / "steered")
    with Live(engine, editor=built) as live:
        yield live
        GATE.set()


@pytest.fixture
def window(steered, context):
    """The editor on that server."""
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    page.goto(steered.url)
    page.locator("[data-node]").first.wait_for()
    return page


def run(page):
    page.locator('[data-action="run.run"]').click()


def waiting(name, value):
    nodes = {"wait": {"type": "test/wait", "inputs": {"value": value}}}
    return {"name": name, "nodes": nodes, "outputs": {"value": "wait.value"}}


def runs(server, **query):
    return server.http.get(f"{server.url}/api/runs", params=query).json()["runs"]


def queued(page):
    return page.get_by_role("region", name="Waiting").locator("[data-run] b")


def test_a_run_to_one_node_leaves_the_results_of_others(editor, page):
    shown = lambda node: page.locator(f'[data-node="{node}"] .output-text')  # noqa: E731
    text = lambda template: {  # noqa: E731
        "type": "control/format_text",
        "inputs": {"template": template, "value": 1},
    }
    nodes = {"one": text("one {value}"), "two": text("two {value}"), "three": text("3 {value}")}
    drop_workflow(page, {"nodes": nodes, "outputs": {"one": "one.value"}})
    run(page)
    expect(shown("one")).to_have_text("one 1")
    for node, made in (("two", "two 1"), ("three", "3 1")):
        select(page, node)
        page.keyboard.press("Control+Shift+Enter")
        expect(shown(node)).to_have_text(made)
        expect(shown("one")).to_have_text("one 1")
    page.reload()
    for node, made in (("one", "one 1"), ("two", "two 1"), ("three", "3 1")):
        expect(shown(node)).to_have_text(made)
    page.locator('[data-widget="one.template"]').fill("first {value}")
    run(page)
    expect(shown("one")).to_have_text("first 1")
    expect(shown("two")).to_have_text("two 1")


def test_a_run_to_a_node_inside_a_subgraph(editor, page):
    text = {"type": "control/format_text", "inputs": {"template": "{value}", "value": 1}}
    deep = {"nodes": {"deepest": text}, "outputs": {"text": "deepest.value"}}
    inner = {
        "nodes": {"one": text, "deep": {"type": "workflow/deep"}, "other": text},
        "workflows": {"deep": deep},
        "outputs": {"text": "other.value"},
    }
    loop = {"body": "inner", "items": {"literal": [1, 2]}}
    nodes = {
        "sub": {"type": "workflow/inner"},
        "loop": {"type": "control/for_each", "inputs": loop},
    }
    drop_workflow(page, {"nodes": nodes, "workflows": {"inner": inner}})

    def go_to(node, shown):
        select(page, node)
        page.keyboard.press("Enter")
        page.locator(f'[data-node="{shown}"]').wait_for()

    def run_to(node):
        before = len(runs(editor, limit=100))
        select(page, node)
        page.keyboard.press("Control+Shift+Enter")
        eventually(lambda: len(runs(editor, limit=100)) > before and latest()["finished"])

    def latest():
        return runs(editor, limit=1)[0]

    go_to("sub", "one")
    run_to("one")
    expect(page.locator('[data-node="one"] .output-text')).to_have_text("1")
    assert latest()["targets"] == ["sub/one"]
    go_to("deep", "deepest")
    run_to("deepest")
    expect(page.locator('[data-node="deepest"] .output-text')).to_have_text("1")
    assert latest()["targets"] == ["sub/deep/deepest"]
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator('[data-node="one"] .output-text').wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    go_to("loop", "other")
    run_to("other")
    assert latest()["targets"] == ["loop"]


def test_problems_of_a_node_that_is_gone_are_gone(page):
    nodes = {
        "by": {"type": "control/arithmetic", "inputs": {"a": 1, "b": 0, "operation": "divide"}},
        "text": {"type": "control/format_text", "inputs": {"template": "x", "value": 1}},
    }
    drop_workflow(page, {"nodes": nodes, "outputs": {"n": "by.value"}})
    run(page)
    expect(page.locator('[data-problem="by.b"]')).to_be_visible()
    select(page, "by")
    page.keyboard.press("Delete")
    expect(page.locator(".problems-count")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator('[data-problem="by.b"]')).to_be_visible()


def test_results_of_every_kind_are_shown(editor, page):
    body = {
        "inputs": {"n": "note.value"},
        "outputs": {"text": "note.value", "picture": "fill.image"},
        "nodes": {
            "note": {"type": "control/format_text", "inputs": {"template": "number {value}"}},
            "fill": {"type": "image/solid", "inputs": {"width": 8, "height": 8}},
        },
    }
    document = {
        "name": "Kinds",
        "workflows": {"inner": body},
        "outputs": {
            "numbers": "range.value",
            "sum": "sum.value",
            "both": "split.first",
            "other": "split.second",
            "texts": "loop.values",
            "picture": "sub.picture",
        },
        "nodes": {
            "range": {"type": "control/range", "inputs": {"start": 1, "count": 3}},
            "sum": {"type": "control/arithmetic", "inputs": {"a": 2, "b": 3, "operation": "add"}},
            "split": {"type": "control/product", "inputs": {"first": [1], "second": ["x", "y"]}},
            "sub": {"type": "workflow/inner"},
            "loop": {
                "type": "control/for_each",
                "inputs": {
                    "items": {"link": "range.value"},
                    "body": "inner",
                    "item": "n",
                    "output": "text",
                },
            },
        },
    }
    drop_workflow(page, document)
    run(page)

    def values(node):
        return page.locator(f'[data-node="{node}"] .node-value')

    expect(values("sum")).to_have_text("5.0")
    expect(values("range")).to_have_text(["1", "2", "3"])
    expect(values("split")).to_have_text(["1", "1", "x", "y"])
    expect(values("loop")).to_have_text(["number 1", "number 2", "number 3"])
    picture = page.locator('[data-node="sub"] .node-picture img')
    expect(picture).to_have_js_property("naturalWidth", 8)

    # Inside: what the node's output is made from, all turns of the loop together.
    page.locator('[data-node="sub"]').get_by_role("button", name="Open subgraph").click()
    expect(page.locator('[data-node="fill"] .node-picture img')).to_be_visible()
    page.get_by_role("navigation", name="Subgraphs").get_by_role("button", name="Kinds").click()
    page.locator('[data-node="loop"]').get_by_role("button", name="Open subgraph").click()
    expect(values("note")).to_have_text(["number 1", "number 2", "number 3"])
    expect(page.locator('[data-node="note"] .badge')).to_be_visible()
    page.get_by_role("navigation", name="Subgraphs").get_by_role("button", name="Kinds").click()

    # Other tabs and reloads leave results alone.
    page.keyboard.press("Alt+PageUp")
    page.locator("[data-node=sample]").wait_for()
    page.keyboard.press("Alt+PageDown")
    expect(values("sum")).to_have_text("5.0")
    page.reload()
    expect(values("sum")).to_have_text("5.0")
    expect(picture).to_be_visible()

    page.keyboard.press("q")
    page.locator(".past-row").first.click()
    details = page.locator(".past-details")
    expect(details.locator(".output-text")).to_have_text(
        ["x", "y", "number 1", "number 2", "number 3"]
    )
    expect(details.locator("img")).to_be_visible()


def test_run_to_the_selected_node(editor, page):
    document = {
        "name": "Two ways",
        "nodes": {
            "a": {"type": "control/value", "inputs": {"value": 1}},
            "b": {"type": "control/value", "inputs": {"value": 2}},
        },
    }
    drop_workflow(page, document)
    page.locator('[data-node="b"] .card-title').click()
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator('[data-node="b"] .node-value')).to_have_text("2")
    expect(page.locator('[data-node="a"] .node-value')).to_have_count(0)
    assert runs(editor, limit=1)[0]["targets"] == ["b"]


def test_a_batch_counts_the_seeds_on(editor, page):
    noise = {"type": "diffusion/latent_noise", "inputs": {"model": {"link": "model.model"}}}
    document = {
        "name": "Batch",
        "nodes": {
            "model": {"type": "diffusion/load_model", "inputs": {"model": "emoji-64"}},
            "free": {**noise, "inputs": {**noise["inputs"], "seed": 40}},
            "locked": {**noise, "inputs": {**noise["inputs"], "seed": 7}},
        },
        "editor": {"locked_seeds": ["locked.seed"]},
    }
    editor.queue.pause()
    try:
        drop_workflow(page, document)
        page.get_by_role("button", name="How to run").click()
        page.get_by_label("How often").fill("3")
        page.keyboard.press("Escape")
        run(page)
        expect(page.locator(".queue-button .count")).to_have_text("3")
        ids = editor.http.get(f"{editor.url}/api/queue").json()["queued"]
        seeds = []
        for id in ids:
            nodes = editor.http.get(f"{editor.url}/api/runs/{id}/workflow").json()["nodes"]
            seeds.append([nodes[node]["inputs"]["seed"] for node in ("free", "locked")])
        assert seeds == [[40, 7], [41, 7], [42, 7]]
        page.keyboard.press("q")
        page.get_by_role("button", name="Cancel all").click()
        expect(queued(page)).to_have_count(0)
        expect(page.locator(".past .status.cancelled").first).to_be_visible()
    finally:
        editor.queue.resume()


def test_the_queue_is_put_into_order(steered, window):
    page = window
    for name in ("First", "Second", "Third", "Fourth"):
        drop_workflow(page, waiting(name, 1), f"{name}.json")
        run(page)
        expect(page.locator(".run-controls .status")).to_have_text(
            "Running 0/1" if name == "First" else "Queued"
        )
    page.keyboard.press("q")
    expect(page.get_by_role("region", name="Running").locator("b")).to_have_text("First")
    expect(queued(page)).to_have_text(["Second", "Third", "Fourth"])

    rows = page.get_by_role("region", name="Waiting").locator("[data-run]")
    rows.nth(2).drag_to(rows.nth(0))
    expect(queued(page)).to_have_text(["Fourth", "Second", "Third"])
    page.get_by_role("button", name="Move Third").press("Alt+ArrowUp")
    expect(queued(page)).to_have_text(["Fourth", "Third", "Second"])
    rows.nth(2).get_by_label("Priority").select_option("high")
    expect(queued(page)).to_have_text(["Second", "Fourth", "Third"])

    rows.nth(2).get_by_role("button", name="Cancel").click()
    expect(queued(page)).to_have_text(["Second", "Fourth"])
    page.get_by_role("button", name="Pause the queue").click()
    expect(page.get_by_text("The queue is paused")).to_be_visible()
    GATE.set()
    history = page.get_by_role("region", name="History").locator(".past-row b")
    expect(history).to_have_text(["Third", "First"])
    expect(queued(page)).to_have_text(["Second", "Fourth"])
    page.get_by_role("button", name="Resume the queue").click()
    expect(history).to_have_text(["Fourth", "Third", "Second", "First"])
    page.get_by_label("Which runs to show").select_option("Cancelled")
    expect(history).to_have_text(["Third"])


def test_a_run_is_cancelled(steered, window):
    page = window
    drop_workflow(page, waiting("Long", 1))
    run(page)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator(".run-controls .status")).to_contain_text("Cancelled")


def test_progress_and_previews_are_shown_while_a_node_works(steered, window):
    page = window
    nodes = {
        "steps": {"type": "test/steps", "inputs": {"count": 4}},
        "wait": {"type": "test/wait", "inputs": {"value": {"link": "steps.value"}}},
    }
    drop_workflow(page, {"name": "Live", "nodes": nodes, "outputs": {"value": "wait.value"}})
    run(page)
    expect(page.locator('[data-node="steps"] .node-preview')).to_be_visible()
    expect(page.locator('[data-node="wait"].run-running')).to_be_visible()
    expect(page.locator('[data-tab="Live"] .tab-run.running')).to_be_visible()
    expect(page.locator(".run-controls .status")).to_have_text("Running 1/2")
    expect(page).to_have_title("50 % · graphgen")
    page.reload()
    expect(page.locator(".run-controls .status")).to_contain_text("Running")
    GATE.set()
    expect(page.locator('[data-node="wait"] .node-value')).to_have_text("4")


def test_the_connection_comes_back_to_a_server_that_was_restarted(
    built, make_engine, context, tmp_path, monkeypatch
):
    from graphgen import node
    from tests.server import live as living

    @node("test/later", title="Later")
    def later(value: int = 0) -> int:
        """Come with the next start."""
        return value

    expect.set_options(timeout=PATIENCE)
    GATE.set()
    page = context.new_page()
    with Live(make_engine(*STEERED, workspace=tmp_path / "one"), editor=built) as first:
        port = first.port
        page.goto(first.url)
        page.locator("[data-node]").first.wait_for()
        document = waiting("Here", 3)
        document["nodes"]["later"] = {"type": "test/later", "inputs": {"value": 1}}
        drop_workflow(page, document)
        expect(page.locator('[data-node="later"].ghost')).to_be_visible()
    expect(page.get_by_text("The server does not answer. Trying again…")).to_be_visible()
    expect(page.locator(".status.offline")).to_be_visible()
    page.locator('[data-widget="wait.value"]').fill("5")
    page.keyboard.press("Enter")

    bind = living.bind
    monkeypatch.setattr(living, "bind", lambda host, _: bind(host, port))
    engine = make_engine(*STEERED, later, workspace=tmp_path / "one")
    with Live(engine, editor=built):
        expect(page.locator(".status.offline")).to_have_count(0)
        expect(page.locator('[data-node="later"]')).to_be_visible()
        expect(page.locator('[data-node="later"].ghost')).to_have_count(0)
        run(page)
        expect(page.locator('[data-node="wait"] .node-value')).to_have_text("5")


def test_a_run_whose_answer_is_lost_is_submitted_again_and_is_one(steered, window):
    drop_workflow(window, waiting("Lost", 7))
    lost = []

    def lose(route):
        if lost or route.request.method != "POST":
            return route.continue_()
        lost.append(route.fetch())  # the server has it
        route.abort("connectionreset")

    window.route("**/api/runs", lose)
    run(window)
    GATE.set()
    expect(window.locator('[data-node="wait"] .node-value')).to_have_text("7")
    assert [found["name"] for found in runs(steered)] == ["Lost"]
    assert lost[0].status == 202


def test_the_page_that_asks_for_the_token(built, make_engine, context, tmp_path):
    engine = make_engine(*STEERED, workspace=tmp_path / "guarded")
    with Live(engine, editor=built, token="a long secret") as live:
        page = context.new_page()
        page.goto(live.url)
        page.get_by_label("Token").fill("a long secret")
        page.get_by_role("button", name="Open").click()
        page.locator("[data-node]").first.wait_for()
        assert page.url.rstrip("/") == live.url.rstrip("/")
