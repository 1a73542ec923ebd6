"""The pack as a plugin, and its port types."""

import dataclasses
import subprocess
import sys

import pytest
import torch
from graphgen_nodes import diffusion, image
from graphgen_nodes.diffusion.specs import load_latent, save_latent
from graphgen_nodes.diffusion.types import Conditioning, Latent
from safetensors.torch import save_file

from graphgen import NodeError
from graphgen.registry import Registry

HEAVY = (
    "torch", "numpy", "PIL", "diffusers", "transformers", "safetensors", "peft", "torchvision",
)  # fmt: skip
NODES = {
    "blend", "combine", "decode_latent", "encode_image", "encode_text", "latent_noise",
    "load_lora", "load_model", "load_vae", "optimise", "sample", "set_sizes",
    "unconditional_sample",
}  # fmt: skip


def test_importing_the_pack_imports_nothing_heavy():
    code = (
        "import sys, graphgen_nodes.diffusion as p; list(p.graphgen_types());"
        "list(p.graphgen_nodes()); dict(p.graphgen_model_loaders()); dict(p.graphgen_models());"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_node_registers_and_explains_its_inputs():
    registry = Registry()
    registry.add_types([*image.graphgen_types(), *diffusion.graphgen_types()])
    registry.add_nodes(diffusion.graphgen_nodes(), "diffusion")
    assert set(registry.nodes) == {f"diffusion/{name}" for name in NODES}
    for spec in registry.nodes.values():
        assert len(spec.description) > 40
        for port in spec.inputs.values():
            assert port.description or not port.type.is_plain, f"{spec.id}.{port.name}"
    sample = registry.get("diffusion/sample")
    assert sample is not None
    assert sample.device
    assert sample.memory == ("latent",)
    assert list(sample.outputs) == ["latent"]
    load = registry.get("diffusion/load_model")
    assert load is not None
    assert list(load.outputs) == ["model", "text_encoder", "vae"]


def test_the_packaged_model_is_found_by_name(emoji, ctx):
    assert "emoji-64" in ctx.models.names()
    assert emoji.model.native_size[0] * emoji.model.scale == 64


def test_values_of_the_types_are_what_the_cache_can_store(emoji):
    """Tensors, numbers, strings, dataclasses, and containers of them."""

    def check(value):
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                check(getattr(value, field.name))
        elif isinstance(value, dict):
            for key, item in value.items():
                assert isinstance(key, str)
                check(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                check(item)
        else:
            assert value is None or isinstance(value, (torch.Tensor, str, int, float, bool))

    for value in (
        *emoji,
        Latent(torch.zeros(1, 4, 2, 2), 8, (0,)),
        Conditioning(torch.zeros(1, 2, 3)),
    ):
        check(value)


def test_shapes_are_checked_when_values_are_made():
    with pytest.raises(ValueError, match="one seed per picture: 1 seeds for 2"):
        Latent(torch.zeros(2, 4, 8, 8), 8, (0,))
    with pytest.raises(ValueError, match="must be float32"):
        Latent(torch.zeros(1, 4, 8, 8).half(), 8, (0,))
    with pytest.raises(ValueError, match=r"must be \[1, token, width\]"):
        Conditioning(torch.zeros(77, 8))


class Target:
    def __init__(self, folder):
        self.folder = folder
        self.metadata = {"workflow": "{}"}

    def path(self, suffix):
        return self.folder / f"latent{suffix}"


def test_latents_are_saved_and_read_whole(tmp_path):
    latent = Latent(
        torch.randn(2, 4, 8, 8),
        8,
        (2**62, 5),
        mask=torch.ones(1, 1, 8, 8),
        masked=torch.randn(2, 4, 8, 8),
    )
    save_latent(latent, Target(tmp_path))
    again = load_latent(tmp_path / "latent.safetensors")
    assert torch.equal(again.samples, latent.samples)
    assert (again.scale, again.seeds, again.noise) == (8, (2**62, 5), False)
    assert torch.equal(again.mask, latent.mask)
    assert torch.equal(again.masked, latent.masked)
    noise = Latent(torch.randn(1, 4, 8, 8), 8, (1,), noise=True)
    save_latent(noise, Target(tmp_path))
    again = load_latent(tmp_path / "latent.safetensors")
    assert again.noise
    assert again.mask is None


def test_other_files_are_no_latent(tmp_path):
    save_file({"samples": torch.zeros(1, 4, 2, 2)}, str(tmp_path / "plain.safetensors"))
    with pytest.raises(NodeError, match=r"plain.safetensors is no latent"):
        load_latent(tmp_path / "plain.safetensors")
    (tmp_path / "text.safetensors").write_text("hello, this is text and nothing else")
    with pytest.raises(NodeError, match=r"text.safetensors can't be read"):
        load_latent(tmp_path / "text.safetensors")
