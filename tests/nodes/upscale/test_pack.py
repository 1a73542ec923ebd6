"""The pack as a plugin."""

import subprocess
import sys

from graphgen_nodes import image, upscale

from graphgen.registry import Registry

HEAVY = ("torch", "numpy", "PIL", "spandrel", "torchvision", "safetensors")


def test_importing_the_pack_imports_nothing_heavy():
    code = (
        "import sys, graphgen_nodes.upscale as p; p.graphgen_types(); p.graphgen_nodes();"
        "p.graphgen_model_loaders(); p.graphgen_models();"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_node_registers_and_explains_its_inputs():
    registry = Registry()
    registry.add_types([*image.graphgen_types(), *upscale.graphgen_types()])
    registry.add_nodes(upscale.graphgen_nodes(), "upscale")
    assert sorted(registry.nodes) == ["upscale/load_model", "upscale/resample", "upscale/upscale"]
    for spec in registry.nodes.values():
        for port in spec.inputs.values():
            assert port.description or not port.type.is_plain, f"{spec.id}.{port.name}"
    assert list(registry.get("upscale/load_model").outputs) == ["upscale_model"]
    assert registry.get("upscale/upscale").memory == ("tile",)
