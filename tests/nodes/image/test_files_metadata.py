"""A picture that a save node writes carries its workflow, as those of a run's outputs do."""

from __future__ import annotations

from pathlib import Path

from graphgen import Engine, Workflow


def test_a_saved_png_repeats_its_run(tmp_path: Path) -> None:
    document = {
        "inputs": {"colour": "paint.colour"},
        "nodes": {
            "paint": {"type": "image/solid", "inputs": {"width": 8, "height": 8}},
            "save": {"type": "image/save", "inputs": {"image": {"link": "paint.image"}}},
        },
    }
    with Engine(workspace=tmp_path / "workspace") as engine:
        run = engine.run(document, {"colour": "#ff0000"}, outputs=tmp_path)
        run.raise_if_failed()
        (path,) = tmp_path.glob("*.png")
        again = Workflow.read(path)
    assert again.nodes["paint"].inputs["colour"] == "#ff0000"
    assert set(again.nodes) == {"paint", "save"}
