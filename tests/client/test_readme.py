"""The example of the README, with the addresses and the workflow of a test."""

from __future__ import annotations

from PIL import Image

from graphgen import Workflow
from tests.support import graph
from tests.test_readme import EXAMPLES


def test_the_client_of_the_readme(server, tmp_path, monkeypatch, capsys):
    example = next(code for code in EXAMPLES if "Client(" in code)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 4), "#ff0000").save("photo.png")
    document = graph(
        {"blur": "image/blur", "number": "core/number"},
        {"image": "blur.image"},
        {"image": "blur.image", "seed": "number.value"},
    )
    Workflow.parse(document).write(tmp_path / "workflows" / "image_to_image.json")
    program = example.replace("http://127.0.0.1:8765", server.url)

    exec(compile(program, "README.md", "exec"), {"__name__": "readme"})

    with Image.open(tmp_path / "pictures" / "image.png") as picture:
        assert picture.size == (4, 4)
    told = [line.split("(")[0] for line in capsys.readouterr().out.splitlines()]
    assert told[0] == "RunQueued"
    assert told[-1] == "RunFinished"
