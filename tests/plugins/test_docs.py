"""docs/packs.md: the pack that it shows is one, and nothing that packs can do is left out."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from graphgen import Context, Economy, Engine
from graphgen.outputs import OutputSaver
from graphgen.plugins import hookspecs
from graphgen.plugins.conformance import check_pack

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "graphgen_tones"
    package.mkdir()
    for name, text in FILES.items():
        (tmp_path if name.startswith("test_") else package).joinpath(name).write_text(text)
    save_file({"echoes": np.float32([1, 0, 0.5])}, package / "hall.safetensors")
    return tmp_path


def test_the_pack_of_the_page_works(folder):
    with Engine(
        installed=False, plugin_folders=[folder / "graphgen_tones"], workspace=folder / "workspace"
    ) as engine:
        assert engine.problems == []
        assert check_pack(engine.plugins, "graphgen_tones") == []
        nodes = {
            "tone": {"type": "tones/sine", "inputs": {"seconds": 0.01}},
            "room": {"type": "tones/load_room"},
            "cut": {"type": "tones/split", "inputs": {"tone": {"link": "tone.tone"}}},
            "heard": {
                "type": "tones/reverberate",
                "inputs": {"tone": {"link": "cut.start"}, "room": {"link": "room.room"}},
            },
        }
        document = {"nodes": nodes, "outputs": {"heard": "heard.tone"}}

        (problem,) = engine.run(document).problems  # cut at half a second, as version 1 was
        assert (problem.node, problem.port) == ("cut", "at")
        nodes["cut"].update(version=2, inputs={"tone": {"link": "tone.tone"}, "at": 0.005})
        heard = engine.run(document).raise_if_failed().outputs["heard"]
        assert heard.samples.shape == (42,)
        saver = OutputSaver(engine.registry.types, folder / "outputs")
        saved = saver.save("heard", {"heard": heard})
        assert [path.suffix for path in saved.outputs[0].paths] == [".wav"]


def test_the_tests_of_the_page_pass(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tones.py"]

    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_every_hook_is_named():
    hooks = [name for name, hook in vars(hookspecs).items() if hasattr(hook, "graphgen_spec")]

    assert hooks
    assert [name for name in hooks if f"`{name}`" not in PAGE] == []


def test_what_it_links_to_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists()


def test_the_node_of_the_page_gives_the_same_with_less_memory_and_with_others(folder):
    packs = {"installed": False, "plugin_folders": [folder / "graphgen_tones"]}
    with Engine(**packs, workspace=folder / "workspace", device="cpu") as engine:
        nodes = engine.registry.nodes
        loudness = nodes["tones/loudness"]
        sine = nodes["tones/sine"].function
        tones = [sine(seconds=seconds, frequency=440) for seconds in (0.1, 0.1, 0.001)]
        alone = [loudness.function(tone, ctx=Context()) for tone in tones]
        saving = Context(economy=Economy(split=4))
        assert [loudness.function(tone, ctx=saving) for tone in tones] == alone
        assert saving.asked == {"split": True}
        assert loudness.batch.key(tone=tones[0]) == loudness.batch.key(tone=tones[1])
        joined = loudness.batch.run([{"tone": tone, "ctx": Context()} for tone in tones[:2]])
        assert joined == pytest.approx(alone[:2])
