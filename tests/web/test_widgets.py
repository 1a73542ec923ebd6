"""Widgets: what people set on cards, and what the document then holds."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.dropping import drop_file, drop_workflow
from tests.web.hands import document


def workflow(nodes, **more):
    return {"format": "graphgen/1", "name": "Widgets", "nodes": nodes, **more}


def widget(page, id):
    return page.locator(f'.canvas [data-widget="{id}"]')


def png(colour="red", size=(40, 30)):
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()


def drop(page, selector, name, content):
    """Drop a file on an element."""
    page.locator(selector).evaluate(
        """(element, [name, bytes]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], name));
          for (const type of ["dragenter", "dragover", "drop"])
            element.dispatchEvent(new DragEvent(type,
              { bubbles: true, cancelable: true, dataTransfer: data }));
        }""",
        [name, list(content)],
    )


def test_a_whole_number_written_as_a_real_one_stays_one(page):
    nodes = {
        "number": {"type": "control/value", "inputs": {"value": 1}},
        "text": {
            "type": "control/format_text",
            "inputs": {"template": "{value}", "value": {"link": "number.value"}},
        },
        "gradient": {"type": "image/gradient", "inputs": {"angle": 90.0}},
    }
    made = {"text": "text.value", "number": "number.value"}
    drop_workflow(page, workflow(nodes, outputs=made))
    value = widget(page, "number.value")

    def held():
        return repr(document(page)["nodes"]["number"]["inputs"]["value"])

    value.fill("2.0")
    value.press("Enter")
    expect(value).to_have_value("2.0")
    assert held() == "2.0"
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="text"] .output-text')).to_have_text("2.0")
    number = page.locator('[data-node="number"] .output-number')
    expect(number).to_have_text("2.0")
    page.reload()  # from the run's record
    expect(number).to_have_text("2.0")
    page.keyboard.press("Control+z")
    expect(value).to_have_value("1")
    page.keyboard.press("Control+y")
    page.reload()
    expect(value).to_have_value("2.0")
    page.keyboard.press("Control+z")
    expect(value).to_have_value("1")
    page.keyboard.press("Control+y")
    assert held() == "2.0"
    value.fill("[2, 2.0, -1e3]")
    value.press("Enter")
    assert held() == "[2, 2.0, -1000.0]"
    value.fill("2")
    value.press("Enter")
    assert held() == "2"
    # What was not touched is as it was, and its widget shows it.
    assert repr(document(page)["nodes"]["gradient"]["inputs"]["angle"]) == "90.0"
    expect(widget(page, "gradient.angle")).to_have_value("90")


def test_what_is_being_written_counts_for_keys_that_run_and_save(editor, page):
    nodes = {
        "number": {"type": "control/range", "inputs": {"count": 3}},
        "text": {
            "type": "control/format_text",
            "inputs": {"template": "{value}", "value": {"link": "number.value"}},
        },
    }
    drop_workflow(page, workflow(nodes, outputs={"text": "text.value"}))
    count = widget(page, "number.count")
    count.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("5")
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="text"] .output-text')).to_have_text("[0, 1, 2, 3, 4]")
    expect(count).to_be_focused()
    page.keyboard.press("Control+Shift+s")
    page.get_by_label("Name", exact=True).fill("numbers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    count.fill("7")
    with page.expect_response("**/api/workflows/numbers"):
        page.keyboard.press("Control+s")
    expect(page.locator(".unsaved")).to_have_count(0)
    saved = editor.http.get(f"{editor.url}/api/workflows/numbers").json()
    assert saved["workflow"]["nodes"]["number"]["inputs"]["count"] == 7


def test_numbers_have_limits_steps_and_are_dragged(page):
    drop_workflow(page, workflow({"solid": {"type": "image/solid", "inputs": {"width": 64}}}))
    width = widget(page, "solid.width")
    width.fill("99999")
    width.press("Enter")
    expect(width).to_have_value("16384")
    width.fill("10")
    width.press("ArrowUp")
    width.press("Shift+ArrowDown")
    expect(width).to_have_value("1")  # 10 + 1 - 10
    width.fill("10")
    width.press("Enter")
    box = width.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 5, steps=4)
    page.mouse.up()
    expect(width).not_to_have_value("10")
    assert 10 < int(width.input_value()) < 40
    page.keyboard.press("Control+z")
    expect(width).to_have_value("64")  # quick changes of one input are one step


def test_seeds_are_rolled_and_locked(page):
    seed = widget(page, "noise.seed")
    expect(seed).to_have_value("7")
    page.locator('[data-widget-roll="noise.seed"]').click()
    expect(seed).not_to_have_value("7")
    rolled = int(seed.input_value())
    assert 0 <= rolled < 2**32
    lock = page.locator('[data-widget-lock="noise.seed"]')
    expect(lock).to_have_attribute("aria-pressed", "false")
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "true")
    seed.fill(str(2**63 - 1))
    seed.press("Enter")
    expect(seed).to_have_value(str(2**63 - 1))
    expect(page.locator('[data-widget-lock="sample.seed"]')).to_have_attribute(
        "aria-pressed", "false"
    )
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(lock).to_have_attribute("aria-pressed", "false")


def test_colours_choices_toggles_and_lists(page):
    nodes = {
        "solid": {"type": "image/solid", "inputs": {}},
        "grid": {"type": "image/grid", "inputs": {"images": {"link": "solid.image"}}},
        "loop": {"type": "control/while", "inputs": {"state": 1, "body": "step"}},
        "sum": {"type": "control/arithmetic", "inputs": {"a": 1, "b": 2}},
    }
    inner = {"text": {"type": "control/value", "inputs": {"value": 1}}}
    drop_workflow(page, workflow(nodes, workflows={"step": {"nodes": inner}}))
    page.locator('[data-widget-swatch="solid.colour"]').fill("#12ab34")
    expect(widget(page, "solid.colour")).to_have_value("#12ab34")
    widget(page, "sum.operation").select_option(label="floor divide")
    proceed = widget(page, "loop.proceed")
    expect(proceed).to_be_checked()
    proceed.uncheck()
    body = widget(page, "loop.body")
    expect(body).to_have_value("step")
    # Saved workflows, if there are any, come after the subgraphs of the document.
    expect(body.locator("option").nth(0)).to_have_text("–")
    expect(body.locator("option").nth(1)).to_have_text("step")

    widget(page, "grid.labels").click()
    labels = page.get_by_role("group", name="Labels")
    first = labels.get_by_role("textbox", name="Labels 1")
    expect(first).to_be_focused()
    first.fill("cat")
    first.press("Enter")
    second = labels.get_by_role("textbox", name="Labels 2")
    expect(second).to_be_focused()
    page.evaluate("navigator.clipboard.writeText('dog\\nfox\\nowl')")
    second.press("Control+v")
    expect(labels.get_by_role("textbox")).to_have_count(4)
    labels.get_by_role("textbox", name="Labels 4").press("Alt+ArrowUp")
    labels.get_by_role("button", name="Remove the item: Labels 2").click()
    nodes = document(page)["nodes"]
    assert nodes["grid"]["inputs"]["labels"] == ["cat", "owl", "fox"]
    assert nodes["solid"]["inputs"]["colour"] == "#12ab34"
    assert nodes["sum"]["inputs"]["operation"] == "floor divide"
    assert nodes["loop"]["inputs"]["proceed"] is False


def test_files_are_uploaded_picked_and_dropped(page):
    nodes = {
        "load": {"type": "image/load"},
        "blur": {"type": "image/blur"},
    }
    drop_workflow(page, workflow(nodes))
    file = widget(page, "load.file")
    expect(file).to_contain_text("Choose or drop a file")
    file.click()
    browser = page.get_by_role("dialog", name="File")
    browser.locator("input[type=file]").set_input_files(
        {"name": "red.png", "mimeType": "image/png", "buffer": png("red")}
    )
    expect(browser).to_be_hidden()
    expect(file).to_contain_text("red.png")
    thumbnail = page.locator('[data-node="load"] .file-picture img')
    expect(thumbnail).to_have_js_property("naturalWidth", 40)

    # A picture dropped on a node goes to its input of pictures, which was a port until then.
    expect(widget(page, "blur.image")).to_have_count(0)
    drop(page, '[data-node="blur"] .card-title', "green.png", png("green"))
    expect(widget(page, "blur.image")).to_contain_text("green.png")
    drop(page, '[data-file-drop="load.file"]', "blue.png", png("blue"))
    expect(file).to_contain_text("blue.png")

    file.click()
    browser.get_by_role("searchbox").fill("gre")
    expect(browser.locator("[data-file]")).to_have_count(1)
    browser.locator('[data-file="green.png"]').click()
    expect(file).to_contain_text("green.png")
    nodes = document(page)["nodes"]
    assert nodes["load"]["inputs"] == {"file": "green.png"}
    assert nodes["blur"]["inputs"] == {"image": {"file": "green.png"}}

    widget(page, "blur.image").click(button="right")
    page.get_by_role("button", name="Show as a port").click()
    expect(widget(page, "blur.image")).to_have_count(0)


def test_only_files_that_an_input_reads_are_offered_unless_all_are_asked_for(editor, page):
    inputs = editor.engine.workspace.inputs
    (inputs / "kinds" / "more").mkdir(parents=True)
    (inputs / "kinds" / "notes.txt").write_text("no picture")
    (inputs / "kinds" / "upper.PNG").write_bytes(png())
    (inputs / "kinds" / "more" / "list.csv").write_text("1,2")
    drop_workflow(page, workflow({"load": {"type": "image/load"}}))
    file = widget(page, "load.file")
    file.click()
    browser = page.get_by_role("dialog", name="File")
    upload = browser.locator("input[type=file]")
    browser.locator('[data-file="kinds"]').click()
    expect(browser.locator('[data-file="kinds/upper.PNG"]')).to_be_visible()
    expect(browser.locator('[data-file="kinds/more"]')).to_be_visible()
    expect(browser.locator('[data-file="kinds/notes.txt"]')).to_have_count(0)
    kinds = upload.get_attribute("accept").split(",")
    assert ".png" in kinds
    assert ".txt" not in kinds
    browser.locator('[data-file="kinds/more"]').click()
    expect(browser).to_contain_text("No file here fits.")
    expect(browser.locator("[data-file]")).to_have_count(0)

    browser.get_by_label("All files").check()
    expect(browser.locator('[data-file="kinds/more/list.csv"]')).to_be_visible()
    assert upload.get_attribute("accept") is None
    browser.get_by_role("button", name="kinds/more").click()
    browser.locator('[data-file="kinds/notes.txt"]').click()
    expect(file).to_contain_text("kinds/notes.txt")

    file.click()  # what is taken stays in sight, and nothing else like it
    browser.locator('[data-file="kinds"]').click()
    expect(browser.locator('[data-file="kinds/notes.txt"]')).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(browser.locator("[data-file]")).to_have_count(3)


def test_a_type_that_is_read_from_files_is_offered_those_it_reads(editor, page):
    inputs = editor.engine.workspace.inputs
    (inputs / "mixed").mkdir(parents=True)
    (inputs / "mixed" / "notes.txt").write_text("no picture")
    (inputs / "mixed" / "red.png").write_bytes(png())
    blur = {"type": "image/blur", "inputs": {"image": {"file": "mixed/red.png"}}}
    drop_workflow(page, workflow({"blur": blur}))
    widget(page, "blur.image").click()
    browser = page.get_by_role("dialog", name="Image")
    browser.locator('[data-file="mixed"]').click()
    expect(browser.locator('[data-file="mixed/red.png"]')).to_be_visible()
    expect(browser.locator('[data-file="mixed/notes.txt"]')).to_have_count(0)
    browser.get_by_label("All files").check()
    expect(browser.locator('[data-file="mixed/notes.txt"]')).to_be_visible()


def test_a_picture_that_browsers_do_not_show_is_known_by_its_ending(page):
    data = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(data, "TIFF")
    drop_file(page, "scan.tif", data.getvalue(), "")
    expect(widget(page, "load.file")).to_contain_text("scan.tif")


def test_a_picture_dropped_on_the_canvas_becomes_a_node(page):
    drop_file(page, "cat.png", png("orange"), "image/png")
    file = widget(page, "load.file")
    expect(file).to_contain_text("cat.png")
    thumbnail = page.locator('[data-node="load"] .file-picture img')
    expect(thumbnail).to_have_js_property("naturalWidth", 40)


def test_models_are_picked_by_name(page):
    model = widget(page, "model.model")
    model.click()
    models = page.get_by_role("dialog", name="Model")
    models.get_by_role("searchbox").fill("emoji-x4")
    expect(models.locator("[data-model]")).to_have_count(1)
    models.locator('[data-model="emoji-x4"]').click()
    expect(model).to_contain_text("emoji-x4")
    page.keyboard.press("Control+z")
    expect(model).to_contain_text("emoji-64")
    model.click()
    page.keyboard.press("Escape")
    expect(models).to_be_hidden()
    expect(model).to_be_focused()


@pytest.mark.parametrize("by", ["menu", "panel"])
def test_a_widget_becomes_a_port_and_a_widget_again(page, by):
    steps = widget(page, "sample.steps")
    if by == "menu":
        steps.click(button="right")
        page.get_by_role("dialog", name="steps").get_by_role("button", name="port").click()
    else:
        page.locator('[data-node="sample"] .card-header').click(position={"x": 20, "y": 8})
        page.keyboard.press("i")
        row = page.locator('[data-inspector="sample.steps"]')
        row.locator('[data-input-action="port"]').click()
    expect(steps).to_have_count(0)
    assert document(page)["editor"]["ports"] == {"sample": ["steps"]}
    if by == "menu":
        page.locator('[data-node="sample"] .port-name', has_text="steps").click(button="right")
        page.get_by_role("button", name="Show its widget").click()
    else:
        page.locator('[data-node="sample"] .card-header').click(position={"x": 20, "y": 8})
        row.locator('[data-input-action="widget"]').click()
    expect(steps).to_have_value("30")
