"""A picture from a device that is too small: each plan in its turn saves the run, and what
comes out is the unlimited run's picture. On the toy device, with tiny random networks."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest
import torch
from graphgen_nodes import diffusion, image
from graphgen_nodes.diffusion._asynchronous import AHEAD
from graphgen_nodes.diffusion.samplers import SAMPLERS

from graphgen import Engine
from graphgen.engine.events import NodeProgress, NodeRetried
from tests.toy_device import DEVICE, MEMORY, UNLIMITED

KIB = 1024


def workflow(batch=1, size=64, steps=2):
    """A document from a prompt to pictures."""
    link = lambda at: {"link": at}  # noqa: E731
    nodes = {
        "model": {"type": "diffusion/load_model", "inputs": {"model": "sd"}},
        "text": {
            "type": "diffusion/encode_text",
            "inputs": {"text": "red apple", "encoder": link("model.text_encoder")},
        },
        "noise": {
            "type": "diffusion/latent_noise",
            "inputs": {"model": link("model.model"), "width": size, "height": size, "batch": batch},
        },
        "sample": {
            "type": "diffusion/sample",
            "inputs": {
                "model": link("model.model"),
                "positive": link("text.conditioning"),
                "negative": link("text.conditioning"),
                "latent": link("noise.latent"),
                "steps": steps,
            },
        },
        "decode": {
            "type": "diffusion/decode_latent",
            "inputs": {"latent": link("sample.latent"), "vae": link("model.vae")},
        },
    }
    return {"format": "graphgen/1", "nodes": nodes, "outputs": {"image": "decode.image"}}


@pytest.fixture
def toy(models):
    """Runs a workflow on the toy device with so much memory; its picture and its retries."""
    torch.set_num_threads(1)
    engines = []

    def engine(**options):
        engines.append(
            Engine([diffusion, image], installed=False, models=[models], device=DEVICE, **options)
        )
        return engines[-1]

    def run(engine, document, limit=UNLIMITED, **options):
        events = []
        gc.collect()
        MEMORY.reset()
        before = MEMORY.used
        with MEMORY.limited(before + limit):
            result = engine.run(document, listeners=[events.append], **options)
        assert result.status == "succeeded", result.problems
        retried = [(e.node, e.means) for e in events if isinstance(e, NodeRetried)]
        pixels = result.outputs["image"].pixels.cpu()
        return SimpleNamespace(
            pixels=pixels, retried=retried, peak=MEMORY.peak - before, events=events
        )

    yield SimpleNamespace(engine=engine, run=run)
    for one in engines:
        one.close()
    MEMORY.limit = UNLIMITED


def test_idle_models_leave_and_the_picture_is_the_same_bit_for_bit(toy):
    wanted = toy.run(toy.engine(), workflow())

    # With a budget of its own the pool would see to it before it comes to that.
    engine = toy.engine(model_bytes={DEVICE: UNLIMITED})
    made = toy.run(engine, workflow(), limit=7000 * KIB)

    assert wanted.peak > 9000 * KIB
    assert made.retried == [("sample", "evict")]
    assert torch.equal(made.pixels, wanted.pixels)


def test_a_model_that_only_fits_layer_by_layer_gives_the_same_bit_for_bit(toy):
    document = {**workflow(), "outputs": {"latent": "sample.latent"}}
    engine = toy.engine()
    wanted = engine.run(document).outputs["latent"].samples.cpu()
    engine.free_memory()
    engine.run(document, targets=["text"])  # that encoder's embedding is six times as large
    engine.make_room(DEVICE)
    events = []

    with MEMORY.limited(MEMORY.used + 1100 * KIB):
        result = engine.run(document, listeners=[events.append])

    assert result.status == "succeeded", result.problems
    retried = [(e.node, e.means) for e in events if isinstance(e, NodeRetried)]
    assert ("sample", "offload") in retried
    assert torch.equal(result.outputs["latent"].samples.cpu(), wanted)


def test_a_batch_that_only_fits_in_parts(toy):
    document = {**workflow(batch=8, size=128, steps=1), "outputs": {"latent": "sample.latent"}}
    wanted = toy.engine().run(document).outputs["latent"].samples.cpu()
    events = []

    with MEMORY.limited(MEMORY.used + 12000 * KIB):
        result = toy.engine().run(document, listeners=[events.append])

    retried = [(e.node, e.means) for e in events if isinstance(e, NodeRetried)]
    assert retried[-1] == ("sample", "split")
    assert torch.allclose(result.outputs["latent"].samples.cpu(), wanted, atol=1e-5)


def test_a_vae_that_only_fits_in_tiles(toy):
    document = workflow(size=256, steps=1)
    wanted = toy.run(toy.engine(), document)

    made = toy.run(toy.engine(), document, limit=50000 * KIB)

    assert wanted.peak > 140000 * KIB
    assert made.retried[-1] == ("decode", "tile")
    assert made.pixels.shape == wanted.pixels.shape
    # A VAE of random weights normalizes over what it sees, more than a trained one does.
    assert float((made.pixels - wanted.pixels).abs().mean()) < 0.05


def test_everything_fails_with_one_clear_problem(toy):
    engine = toy.engine()
    with MEMORY.limited(MEMORY.used + 20 * KIB):
        result = engine.run(workflow(steps=1))
    (problem,) = result.problems
    assert problem.code == "out_of_memory"
    assert problem.node in ("text", "sample")
    assert "it was tried again" in problem.message


def repainting(document, size):
    """The same, from a picture half of which is repainted."""
    link = lambda at: {"link": at}  # noqa: E731
    edges = {"width": size, "height": size}
    document["nodes"] |= {
        "picture": {"type": "image/solid", "inputs": edges},
        "mask": {"type": "image/mask_shape", "inputs": {**edges, "right": size / 2}},
        "noise": {
            "type": "diffusion/encode_image",
            "inputs": {"image": link("picture.image"), "vae": link("model.vae")},
        },
    }
    document["nodes"]["sample"]["inputs"]["mask"] = link("mask.mask")
    return document


@pytest.mark.parametrize("way", ["drawing", "repainting"])
@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_no_step_waits_for_the_device(sampler, way, toy):
    """As many waits for four steps as for seven; previews are copied while the walk goes on."""
    engine = toy.engine()
    waits = []
    for steps in (4, 7):
        document = workflow(steps=steps, size=32, batch=2)
        if way == "repainting":
            document = repainting(document, 32)
        document["nodes"]["sample"]["inputs"]["sampler"] = sampler
        document["outputs"] = {}
        MEMORY.reset()
        shown = []
        result = engine.run(document, targets=["sample"], listeners=[shown.append], previews=True)
        assert result.status == "succeeded", result.problems
        progress = [e for e in shown if isinstance(e, NodeProgress) and e.node == "sample"]
        assert len(progress) == steps
        assert progress[-1].preview is not None
        waits.append(MEMORY.waits)
        engine.free_memory()
    assert waits[0] == waits[1]


def test_the_host_is_few_steps_ahead_of_the_device(toy, monkeypatch):
    """A device that has done nothing until somebody waits for it."""
    asked, ahead = [], []

    class Event:
        def record(self, stream):
            asked.append(self)
            ahead.append(len(asked))

        def query(self):
            return self not in asked

        def synchronize(self):
            del asked[: asked.index(self) + 1]

    monkeypatch.setattr(torch.get_device_module(DEVICE), "Event", Event)
    toy.run(toy.engine(), workflow(steps=7, size=32))
    assert ahead == [1, 2, *[AHEAD + 1] * 5]
