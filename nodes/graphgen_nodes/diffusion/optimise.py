"""The node that makes a model faster or smaller, and what may be asked of it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import replace
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from graphgen import SKIP, Context, ModelRef, NodeError, devices, node

from .types import VAE, DiffusionModel


class OptimisedModel(NamedTuple):
    """What ``optimise`` gives."""

    model: Annotated[DiffusionModel, Field(description="The denoiser with these options.")]
    vae: Annotated[VAE, Field(description="The VAE with them; skipped when none was given.")]


@node("diffusion/optimise", title="Optimise model")
def optimise(
    model: DiffusionModel,
    vae: VAE | None = None,
    channels_last: Annotated[
        bool,
        Field(
            description="Convolutions in channels-last memory format, which GPUs with tensor "
            "cores compute in; seldom a gain on a CPU."
        ),
    ] = False,
    dtype: Annotated[
        Literal["from_run", "float32", "float16", "bfloat16"],
        Field(description="What this model computes in, whatever the run does."),
    ] = "from_run",
    quantise: Annotated[
        Literal["none", "int8", "float8"],
        Field(description="Keep the weights of linear layers in 8 bits; needs torchao."),
    ] = "none",
    compile: Annotated[
        Literal["none", "blocks", "whole"],
        Field(
            description="Compile with torch.compile: the repeated blocks, or all of it, which "
            "takes minutes the first time. What was compiled is kept in the workspace."
        ),
    ] = "none",
    cuda_graphs: Annotated[
        bool,
        Field(description="Record a step once and replay it; for CUDA devices only."),
    ] = False,
    prepack: Annotated[
        bool,
        Field(
            description="On the CPU, keep the weights of the denoiser's convolutions in the "
            "layout that oneDNN computes with, rather than bring them into it at every step. "
            "No effect on other devices; not together with compile."
        ),
    ] = False,
    *,
    ctx: Context,
) -> OptimisedModel:
    """Make a model faster, or smaller in memory. Each option is off unless it is asked for.

    Pictures change a little: by rounding with channels_last, compile, cuda_graphs and prepack,
    and visibly at most in details with half precision and 8-bit weights. The VAE takes
    channels_last, dtype and compile; the others are for the denoiser. Patches are laid over
    the weights before these are quantised or prepacked. channels_last makes no difference to
    a denoiser that is prepacked.
    """
    if quantise != "none":
        require_torchao()
    if compile != "none":
        require_compiler()
    if cuda_graphs:
        require_cuda(ctx.device)
    if prepack:
        require_prepacking(ctx.device, compiles=compile != "none")
    if dtype == "float16" and vae is not None and vae.float32:
        raise NodeError(
            f"{vae.weights.name} overflows in float16",
            hint="take bfloat16, or leave the VAE out",
            port="dtype",
        )
    both: dict[str, Any] = {
        "channels_last": True if channels_last else None,
        "dtype": None if dtype == "from_run" else dtype,
        "compile": None if compile == "none" else compile,
    }
    unet = model.unet.with_options(
        **both,
        quantise=None if quantise == "none" else quantise,
        cuda_graphs=True if cuda_graphs else None,
        prepack=True if prepack else None,
    )
    if vae is None:
        return OptimisedModel(replace(model, unet=unet), SKIP)
    optimised = replace(vae, weights=vae.weights.with_options(**both))
    previews = model.vae
    if previews is not None and previews.weights == vae.weights:
        previews = optimised  # else its weights would be there twice
    return OptimisedModel(replace(model, unet=unet, vae=previews), optimised)


def check(ref: ModelRef, device: str) -> None:
    """Raise ``NodeError`` if this machine can't do what a reference asks for."""
    if ref.option("quantise"):
        require_torchao()
    if ref.option("compile"):
        require_compiler()
    if ref.option("cuda_graphs"):
        require_cuda(device)
    if ref.option("prepack"):
        require_prepacking(device, compiles=bool(ref.option("compile")))


def require_torchao() -> None:
    """Raise ``NodeError`` unless torchao is installed."""
    if importlib.util.find_spec("torchao") is None:
        raise NodeError(
            "8-bit weights need torchao, which is not installed",
            hint='pip install "graphgen[quantise]"',
            port="quantise",
            code="missing_package",
        )


def require_compiler() -> None:
    """Raise ``NodeError`` unless there is a C++ compiler, which torch.compile calls."""
    named = os.environ.get("CXX")
    wanted = [named] if named else ["g++", "clang++", "cl"]
    if not any(shutil.which(name) for name in wanted):
        raise NodeError(
            f"torch.compile needs a C++ compiler, and there is no {' or '.join(wanted)}",
            hint="install g++, or name a compiler in the variable CXX",
            port="compile",
            code="missing_package",
        )


def require_cuda(device: str) -> None:
    """Raise ``NodeError`` unless the device can record graphs."""
    if not device.startswith("cuda"):
        raise NodeError(
            f"CUDA graphs are for CUDA devices, and this run computes on {device}",
            hint="leave cuda_graphs off here",
            port="cuda_graphs",
            code="wrong_device",
        )


def require_prepacking(device: str, compiles: bool) -> None:
    """Raise ``NodeError`` if weights can't be prepacked for the device; elsewhere than on the
    CPU they need not be."""
    if compiles:
        raise NodeError(
            "prepacked weights can't be compiled with",
            hint="take compile or prepack; which is faster depends on the model",
            port="prepack",
        )
    if not devices.is_host(device):
        return
    from ._prepack import available

    if not available():
        raise NodeError(
            "weights are prepacked with oneDNN, which this build of torch does not have",
            hint="leave prepack off here",
            port="prepack",
            code="missing_package",
        )
