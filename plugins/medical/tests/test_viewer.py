"""The viewer in the editor: the real server, the real module, in the system's Chromium."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import nibabel
import numpy as np
import pytest
from PIL import Image

from graphgen_medical import geometry
from graphgen_medical.load import read_scan

from . import scans

WORKFLOW = {
    "format": "graphgen/1",
    "name": "Look at a scan",
    "inputs": {"source": "load.source"},
    "outputs": {"scan": "load.volume", "png": "montage.picture"},
    "nodes": {
        "load": {"type": "medical/load", "inputs": {"source": "scan.zip"}},
        "montage": {"type": "medical/montage", "inputs": {"volume": {"link": "load.volume"}}},
    },
}
LUNGS = {
    **WORKFLOW,
    "name": "Lungs",
    "outputs": {"scan": "load.volume", "lungs": "lungs.segmentation"},
    "nodes": {
        "load": {"type": "medical/load", "inputs": {"source": "chest.zip"}},
        "lungs": {"type": "medical/segment_lung", "inputs": {"volume": {"link": "load.volume"}}},
    },
}
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """graphgen serve over a workspace with a scan in it; its address."""
    workspace = tmp_path_factory.mktemp("workspace")
    folder = scans.write(scans.ct_slices(scans.phantom(12, 64, 64)), workspace / "ct")
    (workspace / "inputs").mkdir()
    shutil.make_archive(str(workspace / "inputs" / "scan"), "zip", folder)
    chest = scans.write(scans.ct_slices(scans.chest(), spacing=(4.0, 4.0, 10.0)), workspace / "b")
    shutil.make_archive(str(workspace / "inputs" / "chest"), "zip", chest)
    command = "import sys; from graphgen.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "serve", "--port", "0", "--workspace", str(workspace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = re.search(r"http://[\w.:]+", process.stdout.readline())
        assert address is not None
        yield address[0]
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def run(server):
    """A run that has saved a scan."""
    return submitted(server, WORKFLOW)


@pytest.fixture(scope="module")
def lungs(server):
    """A run that has saved a scan and labels on it."""
    return submitted(server, LUNGS)


def submitted(server, workflow):
    body = json.dumps({"workflow": workflow}).encode()
    headers = {"Content-Type": "application/json", "Prefer": "wait=120"}
    request = urllib.request.Request(f"{server}/api/runs", body, headers)
    made = json.loads(urllib.request.urlopen(request, timeout=150).read())
    assert made["status"] == "succeeded", made
    return made


def get(server, path):
    return urllib.request.urlopen(f"{server}{path}", timeout=60).read()


def test_the_saved_scan_as_nifti(server, run, tmp_path):
    listed = json.loads(get(server, f"/api/packs/medical/scans/{run['run_id']}"))
    shown = {"window": [-160.0, 240.0], "unit": "HU"}
    assert listed == {"volumes": {"scan": shown}, "segmentations": {}}
    content = get(server, f"/api/packs/medical/scans/{run['run_id']}/scan.nii")
    image = nibabel.Nifti1Image.from_stream(io.BytesIO(content))
    assert image.get_data_dtype() == np.int16
    (tmp_path / "a.nii").write_bytes(content)
    volume = read_scan(tmp_path / "a.nii")
    assert np.array_equal(volume.data.numpy(), scans.phantom(12, 64, 64))
    assert geometry.origin(volume.affine) == pytest.approx((-10, -20, 100), abs=1e-4)


@pytest.mark.parametrize(
    ("path", "status"),
    [("scans/nobody", 404), ("scans/RUN/png.nii", 422), ("scans/RUN/none.nii", 422)],
)
def test_what_is_no_scan(server, run, path, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(server, f"/api/packs/medical/{path.replace('RUN', run['run_id'])}")
    assert caught.value.code == status
    assert json.loads(caught.value.read())["problems"][0]["message"]


def test_the_module_is_served(server):
    modules = json.loads(get(server, "/api/editor/modules"))["modules"]
    (mine,) = [module for module in modules if module["pack"] == "medical"]
    assert mine["types"] == ["volume", "segmentation"]
    assert b"export default" in get(server, mine["url"])
    assert len(get(server, mine["url"].replace("scan.js", "niivue.js"))) > 1_000_000


@pytest.fixture
def page(server):
    """A page of the server's origin, under its content security policy."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        if os.environ.get("GRAPHGEN_NEEDS_BROWSER"):
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as starter:
        browser = starter.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 900, "height": 700})
        page.goto(server)
        yield page
        browser.close()


TEXT = "document.querySelector('[data-scan=said]').textContent"
SAID_NOT = "start => !" + TEXT + ".startsWith(start)"
MODULE = "/api/editor/modules/medical/scan.js"
MOUNT = """
async ([module, url, type]) => {
    const { default: register } = await import(module);
    const viewers = {};
    register({ version: 1, widget() {}, viewer: (type, viewer) => { viewers[type] = viewer; } });
    document.body.replaceChildren();
    const place = document.body.appendChild(document.createElement("div"));
    const item = { url, name: "0001.dcm", media_type: "application/dicom", bytes: 1 };
    window.drawing = viewers[type].mount(place, { type, items: [item] });
}
"""


def test_three_planes_window_by_dragging_and_scrolling(server, run, page):
    url = f"/api/runs/{run['run_id']}/outputs/scan/0"
    page.evaluate(MOUNT, [MODULE, url, "volume"])
    canvas, said = page.locator("[data-scan=canvas]"), page.locator("[data-scan=said]")
    page.wait_for_selector("[data-scan=canvas][data-ready='1']", timeout=60_000)
    assert said.text_content().startswith("window 400, level 40")
    page.get_by_role("button", name="Bone").click()
    assert said.text_content().startswith("window 2000, level 500")
    if os.environ.get("GRAPHGEN_PICTURES"):
        page.screenshot(path=os.environ["GRAPHGEN_PICTURES"] + "/viewer.png")
    page.get_by_role("button", name="Axial").click()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = canvas.screenshot()
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 60, y + 30, steps=5)
    page.mouse.up(button="right")
    page.wait_for_function(SAID_NOT, arg="window 2000, level 500")
    width, level = map(int, re.findall(r"-?\d+", said.text_content())[:2])
    assert 2500 < width < 2900  # e^0.3 times as wide
    assert 250 < level < 350  # darker level, brighter picture
    page.mouse.click(x + 30, y + 20)
    page.wait_for_function(f"() => {TEXT}.includes(' · ')")  # where the crosshair is
    place = said.text_content()
    page.mouse.wheel(0, 120)
    page.wait_for_function("before => " + TEXT + " !== before", arg=place)
    assert canvas.screenshot() != before
    page.evaluate("window.drawing.destroy()")


def test_a_segmentation_lies_over_its_scan(server, lungs, page):
    listed = json.loads(get(server, f"/api/packs/medical/scans/{lungs['run_id']}"))
    assert list(listed["volumes"]) == ["scan"]
    assert listed["segmentations"] == {"lungs": ["left lung", "right lung"]}
    canvas = page.locator("[data-scan=canvas]")
    coloured = {}
    for type, output, layers in (("volume", "scan", 1), ("segmentation", "lungs", 2)):
        url = f"/api/runs/{lungs['run_id']}/outputs/{output}/0"
        page.evaluate(MOUNT, [MODULE, url, type])
        page.wait_for_selector(f"[data-scan=canvas][data-ready='{layers}']", timeout=60_000)
        assert canvas.bounding_box()["height"] == 420  # of a place without a height
        page.get_by_role("button", name="Lung").click()
        # NiiVue draws in the next frame.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
        shot = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")).astype(int)
        coloured[type] = int((shot.max(axis=2) - shot.min(axis=2) > 40).sum())
        if os.environ.get("GRAPHGEN_PICTURES"):
            page.screenshot(path=f"{os.environ['GRAPHGEN_PICTURES']}/{type}.png")
        page.get_by_role("button", name="Axial").click()
        box = canvas.bounding_box()
        lung = box["x"] + box["width"] / 2 - box["height"] * 20 / 96  # 20 of 96 columns
        page.mouse.click(lung, box["y"] + box["height"] / 2)
        page.wait_for_function(f"() => {TEXT}.includes(' · ')")
        said = page.locator("[data-scan=said]").text_content().split(" · ")
        assert re.fullmatch(r"[LR] [\d.]+, [PA] [\d.]+, [HF] [\d.]+ mm", said[1])
        assert said[2:] == ["-850 HU", *(["right lung"] if layers == 2 else [])]
        page.evaluate("window.drawing.destroy()")
    assert coloured["segmentation"] > coloured["volume"] + 2000  # the crosshair has a colour, too
