"""What is wrong with a workflow: listed before a run, and shown on nodes and ports after one."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.dropping import drop_workflow


def workflow(nodes, **more):
    return {"format": "graphgen/1", "name": "Problems", "nodes": nodes, **more}


def count(page):
    return page.locator('[data-action="problems"]')


def widget(page, id):
    return page.locator(f'.canvas [data-widget="{id}"]')


def test_problems_are_listed_before_a_run_and_lead_to_their_ports(page):
    inner = {
        "blur": {"type": "image/blur", "inputs": {"radius": 3}},
        "edge": {"type": "image/blur", "inputs": {"image": {"link": "blur.image"}}},
    }
    nodes = {
        "load": {"type": "image/load"},
        "soft": {"type": "workflow/soft", "inputs": {}},
        "size": {"type": "image/solid", "inputs": {"width": 0}},
        "gone": {"type": "nobody/brings_this"},
    }
    workflows = {"soft": {"outputs": {"image": "edge.image"}, "nodes": inner}}
    drop_workflow(page, workflow(nodes, workflows=workflows))
    expect(count(page)).to_have_text("4 problems")
    for node in nodes:
        expect(page.locator(f'[data-node="{node}"] .problem-mark')).to_be_visible()
    wrong = page.locator(".widget.wrong")
    expect(wrong.locator('[data-widget="load.file"]')).to_be_visible()
    expect(wrong.locator('[data-widget="size.width"]')).to_be_visible()

    count(page).click()
    entries = page.locator("[data-problem]")
    expect(entries).to_have_count(4)
    expect(page.locator('[data-problem="size.width"]')).to_contain_text("greater than or equal")
    page.locator('[data-problem="size.width"]').click()
    expect(widget(page, "size.width")).to_be_focused()
    expect(page.locator('[data-node="size"] .card-header')).to_be_visible()
    widget(page, "size.width").fill("8")
    widget(page, "size.width").press("Enter")
    expect(count(page)).to_have_text("3 problems")
    expect(page.locator('[data-node="size"] .problem-mark')).to_have_count(0)

    # Into the subgraph, to the port that has no widget.
    page.locator('[data-problem="soft/blur.image"]').click()
    expect(page.locator('[data-node="blur"] .port-name.open')).to_have_text("image •")
    expect(page.locator('[data-node="edge"] .problem-mark')).to_have_count(0)


def test_a_problem_is_seen_at_once_while_one_edits(page):
    expect(page.locator('[data-node="sample"]')).to_be_visible()
    expect(count(page)).to_have_count(0)
    page.locator('[data-node="noise"] .card-header').click(position={"x": 20, "y": 8})
    page.keyboard.press("Delete")
    expect(count(page)).to_have_text("1 problem")
    wrong = page.locator('[data-node="sample"] .port-name.open')
    expect(wrong).to_have_text("latent •")
    expect(wrong).to_have_attribute("title", "'latent' (latent) is neither set nor linked")
    page.keyboard.press("Control+z")
    expect(count(page)).to_have_count(0)


def test_a_failure_lands_on_its_node_until_it_is_changed(page):
    nodes = {
        "one": {"type": "control/value", "inputs": {"value": 1}},
        "divide": {
            "type": "control/arithmetic",
            "inputs": {"a": {"link": "one.value"}, "b": 0, "operation": "divide"},
        },
        "apart": {"type": "control/value", "inputs": {"value": 5}},
    }
    drop_workflow(page, workflow(nodes, outputs={"x": "divide.value", "y": "apart.value"}))
    expect(count(page)).to_have_count(0)
    page.keyboard.press("Control+Enter")
    failed = page.locator('[data-node="divide"] .badge.failed')
    expect(failed).to_be_visible()
    expect(page.locator('[data-node="divide"] .problem-mark')).to_be_visible()
    # A failed run opens the list by itself.
    expect(page.locator("[data-problem]").first).to_contain_text("zero")
    done = page.locator('[data-node="apart"] .badge')

    widget(page, "divide.b").fill("4")
    widget(page, "divide.b").press("Enter")
    expect(page.locator('[data-node="divide"] .badge.stale')).to_be_visible()
    expect(page.locator("[data-problem]")).to_have_count(0)
    expect(done).not_to_have_class("stale")

    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="divide"] .badge.stale')).to_have_count(0)
    expect(page.locator('[data-node="divide"] .badge.failed')).to_have_count(0)
    # What comes after a change is old as well; what lies apart is not.
    widget(page, "one.value").fill("2")
    widget(page, "one.value").press("Enter")
    expect(page.locator('[data-node="one"] .badge.stale')).to_be_visible()
    expect(page.locator('[data-node="divide"] .badge.stale')).to_be_visible()
    expect(page.locator('[data-node="apart"] .badge')).to_be_visible()
    expect(page.locator('[data-node="apart"] .badge.stale')).to_have_count(0)


def test_nodes_that_no_result_needs_are_checked_and_do_not_stop_a_run(page):
    nodes = {
        "one": {"type": "control/value", "inputs": {"value": 1}},
        "loose": {"type": "image/solid", "inputs": {"width": 0}},
    }
    drop_workflow(page, workflow(nodes, outputs={"x": "one.value"}))
    expect(count(page)).to_have_text("1 problem")
    expect(page.locator('[data-node="loose"] .problem-mark')).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="one"] .node-value')).to_have_text("1")
    page.locator('[data-action="view.form"]').click()
    expect(page.locator(".form-made")).to_contain_text("1")
    expect(page.get_by_role("alert")).to_have_count(0)
