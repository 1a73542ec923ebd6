"""Models that are loaded while other threads work: torch is one for the whole process."""

import threading

import pytest
import torch
from graphgen_nodes import diffusion
from graphgen_nodes.diffusion.load import load_model

from graphgen.models.pool import ModelPool

DTYPES = [torch.float16, torch.bfloat16, torch.float32]


@pytest.fixture
def references(ctx):
    """One of each library and kind; those of emoji-64 are stored in half precision."""
    refs = []
    for name in ("emoji-64", "sd1.safetensors"):
        loaded = load_model(name, ctx=ctx)
        refs += [loaded.model.unet, loaded.vae.weights, *loaded.text_encoder.encoders]
    return refs


@pytest.fixture
def as_before():
    """Whatever a test finds, the next begins with torch as it was."""
    register, functions = torch.nn.Module.register_parameter, dict(vars(torch.nn.init))
    yield
    torch.set_default_dtype(torch.float32)
    torch.nn.Module.register_parameter = register
    vars(torch.nn.init).update(functions)


def test_what_is_made_meanwhile_is_float32(references, as_before, monkeypatch):
    made, over, wanted = set(), threading.Event(), []
    original = torch.set_default_dtype
    monkeypatch.setattr(torch, "set_default_dtype", lambda d: (wanted.append(d), original(d))[1])

    def make():
        while not over.wait(0.0002):
            made.add(torch.zeros(1).dtype)

    thread = threading.Thread(target=make)
    thread.start()
    pool = ModelPool(diffusion.graphgen_model_loaders())
    try:
        for ref in references:
            for dtype in DTYPES:
                with pool.use(ref, "cpu", dtype) as model:
                    network = getattr(model, "model", model)
                    assert {p.dtype for p in network.parameters()} == {dtype}
    finally:
        over.set()
        thread.join()
    assert made == {torch.float32}
    assert set(wanted) <= {torch.float32}  # what the thread might not have seen


def test_a_network_is_of_its_own_class(references):
    import diffusers
    import transformers

    pool = ModelPool(diffusion.graphgen_model_loaders())
    kinds = []
    for ref in references[:3]:
        with pool.use(ref, "cpu", torch.float16) as model:
            kinds.append(type(getattr(model, "model", model)))
    assert kinds == [
        diffusers.UNet2DConditionModel,
        diffusers.AutoencoderKL,
        transformers.BertModel,
    ]


def test_loads_at_once_leave_torch_as_it_was(references, as_before):
    pool = ModelPool(diffusion.graphgen_model_loaders())
    failed = []

    def load(ref, dtype):
        try:
            for _ in range(3):
                with pool.use(ref, "cpu", dtype) as model:
                    network = getattr(model, "model", model)
                    assert not any(p.is_meta for p in network.parameters())
                pool.free()
        except BaseException as error:
            failed.append(error)

    work = [(ref, dtype) for ref in references[:3] for dtype in DTYPES]
    threads = [threading.Thread(target=load, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert torch.get_default_dtype() == torch.float32
    layer = torch.nn.Linear(2, 2)
    assert not layer.weight.is_meta
    torch.nn.init.ones_(layer.weight)
    assert torch.equal(layer.weight, torch.ones(2, 2))
