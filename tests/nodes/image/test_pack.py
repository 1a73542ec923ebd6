"""The pack as a plugin: what it declares, and that declaring it costs nothing."""

import subprocess
import sys

import pytest
from graphgen_nodes import image

from graphgen.registry import Registry

HEAVY = ("torch", "numpy", "PIL", "diffusers", "transformers", "spandrel")


def test_importing_the_pack_imports_nothing_heavy():
    code = (
        "import sys, graphgen_nodes.image as pack; pack.graphgen_types(); pack.graphgen_nodes();"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def registry():
    made = Registry()
    made.add_types(image.graphgen_types())
    made.add_nodes(image.graphgen_nodes(), "image")
    return made


def test_every_node_registers_and_explains_its_inputs(registry):
    assert len(registry.nodes) == len(image.graphgen_nodes())
    for spec in registry.nodes.values():
        assert spec.id.startswith("image/")
        assert spec.to_dict()["outputs"]
        for port in spec.inputs.values():
            assert port.description or not port.type.is_plain, f"{spec.id}.{port.name}"


def test_outputs_are_named_after_their_types(registry):
    assert list(registry.get("image/resize").outputs) == ["image"]
    assert list(registry.get("image/mask_grow").outputs) == ["mask"]
    assert list(registry.get("image/size").outputs) == ["width", "height", "channels", "batch"]
    assert str(registry.get("image/split_batch").outputs["image"].type) == "list[image]"
    assert registry.get("image/save").volatile
