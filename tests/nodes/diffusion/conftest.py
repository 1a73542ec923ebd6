"""Contexts, and the tiny models that the tests of the pack share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from graphgen_nodes import diffusion
from graphgen_nodes.diffusion.load import LoadedModel, load_model

from graphgen import Context
from graphgen.environment import Environment
from graphgen.models.library import ModelLibrary
from graphgen.models.pool import ModelPool

from . import ldm, tiny


@pytest.fixture(autouse=True)
def threads():
    """Bit for bit is meant for a fixed number of threads."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A model library with a tiny model of every kind, made once."""
    root = tmp_path_factory.mktemp("models")
    tiny.save_sd(root / "sd")
    tiny.save_sdxl(root / "sdxl")
    tiny.save_ddpm(root / "ddpm")
    tiny.save_bert(root / "bert", masked=False)
    ldm.save(root / "sd1.safetensors", ldm.TINY_SD1)
    ldm.save(root / "sd2.safetensors", ldm.TINY_SD2)
    ldm.save(root / "sdxl.safetensors", ldm.TINY_SDXL)
    return root


@pytest.fixture(scope="session")
def pool() -> ModelPool:
    return ModelPool(diffusion.graphgen_model_loaders())


@pytest.fixture
def context(models, pool) -> Callable[..., Context]:
    """Makes contexts over that library, and over further folders."""

    def make(*folders: Path, **fields) -> Context:
        library = ModelLibrary([*folders, models], diffusion.graphgen_models())
        return Context(environment=Environment(models=library), pool=pool, **fields)

    return make


@pytest.fixture
def ctx(context) -> Context:
    return context()


@pytest.fixture
def emoji(ctx) -> LoadedModel:
    return load_model("emoji-64", ctx=ctx)


@pytest.fixture
def sd(ctx) -> LoadedModel:
    return load_model("sd", ctx=ctx)


@pytest.fixture
def fresh(context, tmp_path) -> Callable[..., Context]:
    """Makes contexts with a pool of their own."""

    def make(
        device: str = "cpu", budgets: dict[str, int | None] | None = None, **fields
    ) -> Context:
        ctx = context(tmp_path, device=device, **fields)
        ctx.pool = ModelPool(diffusion.graphgen_model_loaders(), budgets)
        return ctx

    return make
