"""The editor's files, and what stands in for them when it was not built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphgen import EditorModule, hookimpl
from graphgen.server.routes.editor import PAGES
from tests.server.live import codes


@pytest.fixture
def built(tmp_path):
    folder = tmp_path / "editor"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>editor</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-1a2b.js").write_text("run()")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "assets" / "out.txt").symlink_to(tmp_path / "secret.txt")
    return folder


def test_it_is_served_and_paths_are_its_own(make_server, built):
    server = make_server(editor=built)

    for path in ("/", "/runs/17", "/some/deep/path", "/index.html"):
        page = server.get(path)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.text == "<title>editor</title>"
        assert page.headers["Cache-Control"] == "no-cache"
    script = server.get("/assets/index-1a2b.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    assert server.get("/favicon.svg").headers["Content-Type"].startswith("image/svg+xml")
    assert server.call("HEAD", "/").status_code == 200


def test_nothing_else_is(make_server, built):
    server = make_server(editor=built)

    missing = server.get("/assets/index-0000.js")
    assert (missing.status_code, codes(missing)) == (404, ["missing_file"])
    link = server.get("/assets/out.txt")
    assert (link.status_code, codes(link)) == (403, ["outside_workspace"])
    for path in ("/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/%2e%2e/secret.txt"):
        assert "secret" not in server.get(path).text.replace("secret.txt", "")
    assert server.call("POST", "/runs/17").status_code == 404


def test_an_unbuilt_one_says_how_to_build_it(make_server, tmp_path):
    page = make_server(editor=tmp_path / "nothing").get("/")

    assert page.status_code == 200
    assert "make web" in page.text
    assert "/api/docs" in page.text


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.html")), ids=lambda path: path.name)
def test_built_in_pages_keep_to_the_policy(path: Path):
    text = path.read_text()

    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"\son\w+=", text) == []
    assert re.findall(r"https?://", text) == []


def test_the_page_of_the_api_is_whole(server):
    page = server.get("/api/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for address in re.findall(r'(?:src|href)="(/api/docs/[^"]+)"', page.text):
        part = server.get(address)
        assert part.ok
        assert part.headers["Content-Type"].split(";")[0] in ("text/javascript", "text/css")


def test_modules_of_packs(make_server, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "viewer.js").write_text("export {}")
    (tmp_path / "a" / "page.html").write_text("<script>")
    (tmp_path / "secret.js").write_text("secret")

    class Good:
        __name__ = "good pack"

        @hookimpl
        def graphgen_editor_modules(self):
            return [EditorModule(tmp_path / "a" / "viewer.js", types=("volume",))]

    class Bad:
        __name__ = "bad"

        @hookimpl
        def graphgen_editor_modules(self):
            return [EditorModule(tmp_path / "missing.js")]

    server = make_server(plugins=[Good(), Bad()])

    (module,) = server.get("/api/editor/modules").json()["modules"]
    assert module["url"] == "/api/editor/modules/good%20pack/viewer.js"
    assert server.get(module["url"]).text == "export {}"
    for path in (
        "good%20pack/page.html",
        "good%20pack/..%2fsecret.js",
        "good%20pack/none.js",
        "bad/missing.js",
    ):
        response = server.get(f"/api/editor/modules/{path}")
        assert response.status_code in (403, 404)
        assert codes(response)
    packs = {pack["name"]: pack["problem"] for pack in server.get("/api/nodes").json()["packs"]}
    assert packs["good pack"] is None
    assert "missing.js" in packs["bad"]["message"]
