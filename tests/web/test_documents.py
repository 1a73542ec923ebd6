"""Tabs, saving, versions, and files that are dropped: nothing that was done is lost."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from .dropping import drop_file, drop_workflow

PROMPT = '[data-widget="prompt.text"]'
SMALL = {
    "name": "Small",
    "nodes": {
        "a": {"type": "control/value", "inputs": {"value": 1}},
        "text": {"type": "control/format_text", "inputs": {"template": "{value} apples"}},
    },
}
TEXT = '[data-widget="text.template"]'


def tabs(page):
    return page.locator("[data-tab]")


def titles(page, *wanted):
    expect(page.locator(".tab-title")).to_have_text(list(wanted))


def unsaved(page, title):
    return page.locator(f'[data-tab="{title}"] .unsaved')


def press(page, name, **options):
    page.get_by_role("button", name=name, **options).click()


def save_as(page, name):
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="Save as…")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"Saved as {name}")).to_be_visible()
    expect(dialog).to_have_count(0)


def put(editor, name, document, **body):
    answer = editor.http.put(
        f"{editor.url}/api/workflows/{name}", json={"workflow": document, **body}
    )
    assert answer.ok, answer.text
    return answer.json()["revision"]


def document_of(name, text="from elsewhere"):
    nodes = {"text": {"type": "control/format_text", "inputs": {"template": text}}}
    return {"format": "graphgen/1", "name": name, "nodes": nodes}


def test_tabs_open_close_and_come_back(page):
    titles(page, "Text to image")
    expect(page.locator(".unsaved")).to_have_count(0)
    page.locator(PROMPT).fill("a bird")
    expect(unsaved(page, "Text to image")).to_be_visible()

    page.keyboard.press("Alt+n")
    page.locator('[data-tab="Untitled"] button').first.dblclick()
    page.get_by_label("Name of the workflow").fill("Second")
    page.keyboard.press("Enter")
    titles(page, "Text to image", "Second")
    page.keyboard.press("Control+z")
    titles(page, "Text to image", "Untitled")
    page.keyboard.press("Control+y")
    titles(page, "Text to image", "Second")

    page.locator('[data-tab="Second"]').drag_to(
        page.locator('[data-tab="Text to image"]'), target_position={"x": 5, "y": 10}
    )
    titles(page, "Second", "Text to image")

    press(page, "Close Text to image")
    titles(page, "Second")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    titles(page, "Second", "Text to image")
    expect(page.locator(PROMPT)).to_have_value("a bird")
    page.keyboard.press("Control+z")
    expect(unsaved(page, "Text to image")).to_have_count(0)

    press(page, "Close Second")
    press(page, "Close Text to image")
    expect(page.get_by_text("What would you like to make?")).to_be_visible()
    press(page, "Reopen the closed tab")
    titles(page, "Text to image")


def test_work_comes_through_a_reload_with_its_undo(page):
    page.locator(PROMPT).fill("first")
    page.locator('[data-tab="Text to image"] button').first.focus()
    drop_workflow(page, SMALL)
    page.locator(TEXT).fill("{value} pears")
    page.keyboard.press("Alt+PageUp")
    page.reload()  # at once: what is not in the database yet is rescued

    titles(page, "Text to image", "Small")
    expect(page.locator(PROMPT)).to_have_value("first")
    page.keyboard.press("Control+z")
    expect(page.locator(PROMPT)).to_have_value("a slice of pizza")
    expect(unsaved(page, "Text to image")).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(page.locator(PROMPT)).to_have_value("first")

    page.keyboard.press("Alt+PageDown")
    expect(page.locator(TEXT)).to_have_value("{value} pears")
    page.keyboard.press("Alt+w")
    titles(page, "Text to image")
    page.reload()
    titles(page, "Text to image")
    page.keyboard.press("Alt+Shift+w")
    titles(page, "Text to image", "Small")
    expect(page.locator(TEXT)).to_have_value("{value} pears")


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "plain http"])
def test_windows_keep_their_tabs_apart_and_leave_work_to_the_next(editor, context, locks):
    if not locks:  # browsers have none on pages of other machines without HTTPS
        context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    page = context.new_page()
    page.goto(editor.url)
    page.locator(PROMPT).fill("in the first window")
    other = context.new_page()
    other.goto(editor.url)
    expect(other.locator(PROMPT)).to_have_value("a slice of pizza")
    other.locator(PROMPT).fill("in the second window")
    drop_workflow(other, SMALL)
    other.close()

    page.reload()
    titles(page, "Text to image")
    expect(page.locator(PROMPT)).to_have_value("in the first window")

    third = context.new_page()
    third.goto(editor.url)
    titles(third, "Text to image", "Small")
    third.keyboard.press("Alt+PageUp")
    expect(third.locator(PROMPT)).to_have_value("in the second window")


def test_saving_opening_and_versions(editor, page):
    page.keyboard.press("Control+s")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("no/name")
    page.keyboard.press("Enter")
    expect(page.locator(".toast.bad")).to_contain_text("'no/name' is no name for a workflow")
    page.keyboard.press("Escape")
    titles(page, "Text to image")

    save_as(page, "my apples")
    expect(page.locator(".unsaved")).to_have_count(0)
    page.locator(PROMPT).fill("an apple")
    page.keyboard.press("Control+s")  # while the text is edited
    expect(page.locator(".unsaved")).to_have_count(0)
    saved = editor.http.get(f"{editor.url}/api/workflows/my apples").json()
    assert saved["revision"] == 2
    assert saved["workflow"]["nodes"]["prompt"]["inputs"]["text"] == "an apple"

    page.keyboard.press("Alt+w")
    page.keyboard.press("Control+o")
    expect(page.get_by_label("Search saved workflows")).to_be_focused()
    page.keyboard.type("apples picture")
    page.locator('[data-saved="my apples"]').click()
    titles(page, "my apples")
    expect(page.locator(PROMPT)).to_have_value("an apple")

    press(page, "Menu")
    page.locator('.menu [data-action="doc.versions"]').click()
    page.locator('[data-revision="1"] > button').click()
    expect(page.locator(".changes")).to_have_text("changed sinceprompt")
    press(page, "Look at it")
    titles(page, "my apples", "my apples · Version 1")
    expect(page.locator(PROMPT)).to_have_value("a slice of pizza")
    page.keyboard.press("Alt+w")
    page.locator('[data-revision="1"] > button').click()
    press(page, "Restore")
    expect(page.locator(PROMPT)).to_have_value("a slice of pizza")
    expect(page.locator(".unsaved")).to_have_count(1)
    page.keyboard.press("Control+s")
    expect(page.locator('[data-revision="3"]')).to_be_visible()


def test_a_saved_workflow_gets_another_name_and_tabs_follow(editor, context, page):
    put(editor, "occupied", document_of("Occupied"))
    put(editor, "plums", document_of("Plums"))  # whose history the new one comes behind
    assert editor.http.delete(f"{editor.url}/api/workflows/plums").ok
    drop_workflow(page, SMALL)
    save_as(page, "pears")
    other = context.new_page()
    other.goto(editor.url)
    titles(other, "Text to image")
    other.keyboard.press("Control+o")
    other.locator('[data-saved="pears"]').click()
    other.locator(TEXT).fill("unsaved in the other window")

    press(page, "Menu")
    page.locator('[data-action="doc.rename_saved"]').click()
    dialog = page.get_by_role("dialog", name="Rename pears")
    name = dialog.get_by_label("Name")
    expect(name).to_have_value("pears")
    name.fill("occupied")
    expect(dialog.get_by_role("alert")).to_contain_text("There is a workflow occupied already")
    expect(dialog.get_by_role("button", name="Rename")).to_be_disabled()
    name.fill("a/b")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog.get_by_role("alert")).to_contain_text("a/b")
    name.fill("plums")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("It is called plums now")).to_be_visible()
    titles(page, "Text to image", "plums")
    expect(unsaved(page, "plums")).to_have_count(0)
    saved = editor.http.get(f"{editor.url}/api/workflows/plums").json()
    assert (saved["workflow"]["name"], saved["revision"]) == ("plums", 3)
    assert editor.http.get(f"{editor.url}/api/workflows/pears").status_code == 404

    titles(other, "Text to image", "plums")
    renamed = page.locator(".toast", has_text="It is called plums now")
    renamed.get_by_role("button", name="Undo").click()
    for window in (page, other):
        titles(window, "Text to image", "pears")
    expect(other.locator(TEXT)).to_have_value("unsaved in the other window")
    other.keyboard.press("Control+s")
    expect(other.get_by_text("Saved as pears")).to_be_visible()
    history = editor.http.get(f"{editor.url}/api/workflows/pears/history").json()["revisions"]
    assert [entry["revision"] for entry in history] == [5, 4, 3, 2, 1]
    expect(page.get_by_text("pears was saved elsewhere")).to_be_visible()


def test_a_workflow_that_is_not_open_gets_another_name(editor, page):
    put(editor, "cherry", document_of("Cherries"))
    page.keyboard.press("Control+o")
    press(page, "Rename cherry")
    page.get_by_label("Name", exact=True).fill("gone")
    page.keyboard.press("Escape")  # out of the name, not out of the dialog
    press(page, "Rename cherry")
    page.get_by_label("Name", exact=True).fill("sour cherry")
    page.keyboard.press("Enter")
    page.locator('[data-saved="sour cherry"]').click()
    titles(page, "Text to image", "sour cherry")
    expect(page.locator(TEXT)).to_have_value("from elsewhere")


def test_a_deleted_workflow_can_be_had_again(editor, page):
    put(editor, "rubbish", document_of("Rubbish"))
    page.keyboard.press("Control+o")
    row = page.locator('[data-saved="rubbish"]')
    press(page, "Delete rubbish")
    press(page, "Really delete")
    expect(row).to_have_count(0)
    assert editor.http.get(f"{editor.url}/api/workflows/rubbish").status_code == 404
    page.keyboard.press("Escape")
    page.locator(".toast", has_text="rubbish is deleted").get_by_role("button", name="Undo").click()
    page.keyboard.press("Control+o")
    row.click()
    expect(page.locator(TEXT)).to_have_value("from elsewhere")
    history = editor.http.get(f"{editor.url}/api/workflows/rubbish/history").json()["revisions"]
    assert [entry["revision"] for entry in history] == [1]


def test_what_was_deleted_long_ago_is_restored_from_the_list(editor, page):
    for name in ("treasure", "junk"):
        put(editor, name, document_of(name.title()))
        editor.http.delete(f"{editor.url}/api/workflows/{name}")
    page.keyboard.press("Control+o")
    deleted = page.locator(".deleted")
    deleted.locator("summary").click()
    expect(deleted.locator('[data-deleted="junk"]')).to_be_visible()
    page.get_by_label("Search saved workflows").fill("treas")
    expect(deleted.locator("[data-deleted]")).to_have_count(1)
    press(page, "Restore treasure")
    expect(deleted).to_have_count(0)
    page.locator('[data-saved="treasure"]').click()
    expect(page.locator(TEXT)).to_have_value("from elsewhere")

    # Deleted while its tab is open, and restored in another window: the tab can be saved.
    editor.http.delete(f"{editor.url}/api/workflows/treasure")
    page.keyboard.press("Control+o")
    expect(deleted).to_contain_text("Deleted")
    deleted.locator("summary").click()
    expect(deleted.locator('[data-deleted="treasure"]')).to_be_visible()
    editor.http.post(f"{editor.url}/api/workflows/treasure/restore")
    expect(deleted.locator('[data-deleted="treasure"]')).to_have_count(0)
    page.keyboard.press("Escape")
    page.locator(TEXT).fill("changed since")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as treasure")).to_be_visible()


def test_what_was_deleted_is_removed_for_good_once_that_is_confirmed(editor, page):
    for name in ("junk", "treasure"):
        put(editor, name, document_of(name.title()))
        editor.http.delete(f"{editor.url}/api/workflows/{name}")
    page.keyboard.press("Control+o")
    deleted = page.locator(".deleted")
    deleted.locator("summary").click()
    page.get_by_role("button", name="Delete junk for good").dblclick()
    expect(page.get_by_role("button", name="Delete junk for good")).to_be_visible()
    expect(deleted.locator("[data-deleted]")).to_have_count(2)
    press(page, "Delete junk for good")
    press(page, "Really delete for good")
    expect(deleted.locator("[data-deleted]")).to_have_count(1)
    expect(deleted.locator('[data-deleted="treasure"]')).to_be_visible()
    assert editor.http.get(f"{editor.url}/api/workflows/junk/history").status_code == 404
    assert editor.http.get(f"{editor.url}/api/workflows/treasure/history").ok


def test_files_that_can_not_be_read_are_listed_with_what_is_wrong(editor, page):
    put(editor, "fine", document_of("Fine"))
    folder = editor.engine.workspace.workflows
    (folder / "linked.json").symlink_to("gone.json")
    (folder / "latin.json").write_bytes(b'{"nodes": {}, "name": "M\xfcll"}')
    page.keyboard.press("Control+o")
    expect(page.locator('[data-saved="latin"]')).to_contain_text("is not UTF-8 text")
    linked = page.locator('[data-saved="linked"]')
    expect(linked).to_contain_text("it is a link to gone.json, which is not there")
    expect(linked).not_to_contain_text("Version")
    press(page, "Delete linked")
    press(page, "Really delete")
    expect(linked).to_have_count(0)
    page.locator('[data-saved="fine"]').click()
    expect(page.locator(TEXT)).to_have_value("from elsewhere")


def test_a_save_from_elsewhere_is_not_written_over(editor, page):
    save_as(page, "shared")
    put(editor, "shared", document_of("Theirs"))
    expect(page.get_by_text("shared was saved elsewhere")).to_be_visible()
    page.locator(PROMPT).fill("mine")
    conflict = page.get_by_role("dialog", name="Saved elsewhere in the meantime")

    # Another name: both stay.
    page.keyboard.press("Control+s")
    conflict.get_by_role("button", name="Save mine under another name").click()
    dialog = page.get_by_role("dialog", name="Save as…")
    dialog.get_by_label("Name").fill("mine too")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0)
    names = [w["name"] for w in editor.http.get(f"{editor.url}/api/workflows").json()["workflows"]]
    assert {"shared", "mine too"} <= set(names)

    # Theirs: undo brings mine back.
    put(editor, "mine too", document_of("Theirs", "second"))
    page.locator(PROMPT).fill("mine, later")
    page.keyboard.press("Control+s")
    conflict.get_by_role("button", name="Take theirs").click()
    expect(page.locator(TEXT)).to_have_value("second")
    expect(page.locator(".unsaved")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(PROMPT)).to_have_value("mine, later")
    expect(page.locator(".unsaved")).to_have_count(1)

    # Mine over theirs, which the history keeps.
    put(editor, "mine too", document_of("Theirs", "third"))
    page.keyboard.press("Control+s")
    conflict.get_by_role("button", name="Save mine over it").click()
    expect(page.locator(".unsaved")).to_have_count(0)
    expect(conflict).to_have_count(0)
    url = f"{editor.url}/api/workflows/mine too"
    assert (
        editor.http.get(url).json()["workflow"]["nodes"]["prompt"]["inputs"]["text"]
        == "mine, later"
    )
    revisions = editor.http.get(f"{url}/history").json()["revisions"]
    assert [entry["revision"] for entry in revisions] == [4, 3, 2, 1]


def test_files_dropped_on_the_window_open(editor, page, tmp_path):
    drop_workflow(page, SMALL)
    titles(page, "Text to image", "Small")
    expect(unsaved(page, "Small")).to_be_visible()

    page.keyboard.press("Alt+w")
    with page.expect_download() as download:
        press(page, "Menu")
        page.locator('.menu [data-action="doc.download"]').click()
    assert download.value.suggested_filename == "Text to image.json"
    file = tmp_path / "downloaded.json"
    download.value.save_as(file)
    assert json.loads(file.read_text())["nodes"].keys() >= {"prompt", "sample"}
    with page.expect_file_chooser() as chooser:
        press(page, "Menu")
        page.locator('.menu [data-action="doc.import"]').click()
    chooser.value.set_files(file)
    titles(page, "Text to image", "Text to image")
    page.keyboard.press("Alt+w")

    drawn = {
        "name": "Drawn",
        "nodes": {"fill": {"type": "image/solid", "inputs": {"width": 8, "height": 8}}},
        "outputs": {"image": "fill.image"},
    }
    run = editor.http.post(
        f"{editor.url}/api/runs", json={"workflow": drawn}, headers={"Prefer": "wait=60"}
    ).json()
    picture = editor.http.get(editor.url + run["outputs"]["image"][0]["url"]).content
    drop_file(page, "drawn.png", picture, "image/png")
    titles(page, "Text to image", "Drawn")
    expect(page.locator("[data-node=fill]")).to_be_visible()

    drop_file(page, "notes.json", b"[1, 2]", "application/json")
    expect(page.get_by_text("There is no workflow in notes.json")).to_be_visible()
    drop_file(page, "photo.png", b"no picture at all", "image/png")
    expect(page.get_by_text("There is no workflow in photo.png")).to_be_visible()
    expect(tabs(page)).to_have_count(2)


def test_templates_start_a_workflow(page):
    page.keyboard.press("Alt+t")
    gallery = page.get_by_role("dialog", name="Templates")
    expect(gallery.locator("[data-template]")).to_have_count(7)
    for picture in gallery.locator("[data-template] img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    assert gallery.locator("[data-template] img").count() == 7
    gallery.locator('[data-template="upscale"]').click()
    expect(gallery).to_have_count(0)
    titles(page, "Text to image", "Upscale")
    expect(page.locator("[data-node=network]")).to_be_visible()


def test_language_and_theme_are_remembered(page):
    press(page, "Menu")
    page.locator('.menu [data-action="view.language"]').click()
    expect(page.get_by_role("button", name="运行", exact=True)).to_be_visible()
    press(page, "菜单")
    page.locator('.menu [data-action="view.theme"]').click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.get_by_role("button", name="运行", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("broken", ["indexedDB", "localStorage"])
def test_a_browser_that_keeps_nothing_still_works(editor, context, broken):
    page = context.new_page()
    page.add_init_script(
        f"Object.defineProperty(window, '{broken}', {{ get() {{ throw new Error('denied') }} }})"
    )
    page.goto(editor.url)
    expect(page.locator("[data-node=sample]")).to_be_visible()
    warning = page.get_by_text("This browser does not keep your tabs")
    expect(warning).to_have_count(1 if broken == "indexedDB" else 0)
    page.locator(PROMPT).fill("a boat")
    expect(unsaved(page, "Text to image")).to_be_visible()
