"""The editor opens with a workflow that is ready to run."""

from playwright.sync_api import expect


def test_the_first_workflow_is_drawn(page):
    expect(page).to_have_title("graphgen")
    expect(page.locator("[data-node=sample]")).to_be_visible()
    expect(page.locator(".link")).to_have_count(9)
