"""The saved workflows as a user runs them: real processes, real files, real signals."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from graphgen.cli import main

from .conftest import STEPS, WORKFLOWS
from .pictures import cells, colour, distance, eight_bit, middle, read


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHGEN_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path


def outputs(capsys, *arguments):
    capsys.readouterr()
    status = main(["run", *map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    assert status == 0, err
    return json.loads(out)


def test_the_picture_of_a_prompt_is_saved_and_repeats_itself(command, here, capsys, draw):
    settings = ["--set", "prompt=red apple", "--set", f"steps={STEPS}"]
    process = command("run", WORKFLOWS / "text_to_image.json", *settings)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    path = Path(out.splitlines()[-1])
    assert path.parent.parent == Path("outputs")
    assert (read(path) == eight_bit(draw("red apple"))).all()
    alone = here / "alone.png"  # what is not beside it, it does not need
    path.rename(alone)
    (repeated,) = map(Path, outputs(capsys, alone, "--output", "again")["outputs"]["image"])
    assert repeated.read_bytes() == alone.read_bytes()
    assert repeated.is_relative_to("again")


def test_files_of_ones_own_are_taken_along(here, capsys):
    shutil.copy(WORKFLOWS / "assets" / "sketch.png", here / "mine.png")
    (here / "prompt.txt").write_text("four leaf clover\n")
    settings = ["image=mine.png", "prompt=@prompt.txt", "denoise=1", f"steps={STEPS}"]
    arguments = [part for setting in settings for part in ("--set", setting)]
    done = outputs(capsys, WORKFLOWS / "image_to_image.json", *arguments)
    (path,) = map(Path, done["outputs"]["image"])
    assert colour(middle(read(path))) == "green"
    (here / "mine.png").unlink()
    (here / "prompt.txt").unlink()
    again = outputs(capsys, path)
    assert Path(again["outputs"]["image"][0]).read_bytes() == path.read_bytes()


def test_a_frame_repeats_without_the_folder_it_came_from(here, capsys):
    shutil.copytree(WORKFLOWS, here / "workflows")
    settings = ["--set", "prompt=grapes", "--set", f"steps={STEPS}"]
    done = outputs(capsys, here / "workflows" / "inpaint.json", *settings)
    (path,) = map(Path, done["outputs"]["image"])
    frame = read(WORKFLOWS / "assets" / "frame.png")
    assert (read(path)[:8] == frame[:8]).all()
    shutil.rmtree(here / "workflows")
    again = outputs(capsys, path)
    assert Path(again["outputs"]["image"][0]).read_bytes() == path.read_bytes()


def test_a_target_is_all_that_is_run(here, capsys, draw):
    settings = ["--set", "prompt=red apple", "--set", f"steps={STEPS}", "--target", "resample"]
    done = outputs(capsys, WORKFLOWS / "upscale.json", *settings)
    assert list(done["outputs"]) == ["resample.image"]
    assert not {"network", "enlarge", "comparison"} & done["nodes"].keys()
    assert read(done["outputs"]["resample.image"][0]).shape == (256, 256, 3)


def test_lists_are_set_as_json_or_from_a_file(here, capsys):
    (here / "prompts.json").write_text(json.dumps(["red apple", "fish"]))
    settings = ["prompts=@prompts.json", "guidance_scales=[2, 3.5]", "steps=8"]
    arguments = [part for setting in settings for part in ("--set", setting)]
    done = outputs(capsys, WORKFLOWS / "prompt_sweep.json", *arguments)
    rows = cells(read(done["outputs"]["image"][0]), 64, 72, 2, 2)
    assert [[colour(middle(cell)) for cell in row] for row in rows] == [
        ["red", "red"],
        ["blue", "blue"],
    ]
    assert distance(*rows[0]) > 0.01


def test_a_batch_is_saved_as_numbered_pictures(here, capsys):
    settings = ["--set", "batch=2", "--set", "steps=4"]
    done = outputs(capsys, WORKFLOWS / "unconditional.json", *settings)
    names = [Path(path).name for path in done["outputs"]["images"]]
    assert names == ["images-01.png", "images-02.png"]
    assert distance(*map(read, done["outputs"]["images"])) > 0.01
    assert [Path(path).name for path in done["outputs"]["sheet"]] == ["sheet.png"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["steps=0"], "steps"),
        (["denoise=2"], "denoise"),
        (["image=nowhere.png"], "nowhere.png"),
        (["promt=fish"], "did you mean prompt"),
    ],
)
def test_wrong_settings_are_said_before_anything_is_run(here, capsys, settings, said):
    arguments = [part for setting in settings for part in ("--set", setting)]
    status = main(["run", str(WORKFLOWS / "image_to_image.json"), *arguments])
    out, err = capsys.readouterr()
    assert status == 2
    assert said in err
    assert "Traceback" not in err
    assert out == ""
    assert not (here / "outputs").exists()


def test_ctrl_c_stops_between_steps_and_what_was_made_is_kept(command, here, capsys):
    arguments = [WORKFLOWS / "variants.json", "--set", "steps=200", "--cache-dir", "cache"]
    process = command("run", *arguments)
    seen = ""
    for line in process.stderr:
        seen += line
        if "noise" in line and "done" in line:
            break
    for line in process.stderr:
        seen += line
        if "sample" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in seen + err
    assert "kept in cache" in err
    again = outputs(capsys, *arguments, "--target", "prompt")
    assert again["nodes"]["prompt"]["status"] == "cached"
