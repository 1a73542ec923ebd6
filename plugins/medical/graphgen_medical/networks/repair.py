"""The node that repairs CT with a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from graphgen import Context, ModelName, ModelRef, NodeError, file_fingerprint, node
from pydantic import Field

from ..checks import need_hounsfield_scale
from ..types import Volume
from .loaders import REPAIR

if TYPE_CHECKING:
    import torch

OVERLAP = 0.125
LEAST_WINDOW = 64


@node(
    "medical/repair",
    title="Repair artifacts",
    device=True,
    memory=("window",),
    economy=("tile",),
)
def repair(
    volume: Volume,
    model: Annotated[
        str,
        ModelName(folder="medical"),
        Field(description="A network made by the pack's training/repair.py."),
    ] = "ct-repair",
    strength: Annotated[
        float, Field(ge=0, le=1, description="1 takes the whole correction, 0 none.")
    ] = 1.0,
    copies: Annotated[
        Literal[1, 2, 4],
        Field(description="Mirror images that are averaged: more are better and slower."),
    ] = 4,
    window: Annotated[
        int,
        Field(
            ge=LEAST_WINDOW,
            le=4096,
            multiple_of=8,
            description="Slices that are larger, in pixels, are done in windows of this edge.",
        ),
    ] = 512,
    *,
    ctx: Context,
) -> Volume:
    """Take streaks and noise out of CT with a U-Net, slice by slice, each with its neighbours.

    The network (MONAI's U-Net) sees a slice and the one above and below, and adds a
    correction to it. ``ct-repair`` was trained on 60 to 120 views and 5e3 to 1e5 photons and on
    whole slices; its model card says how well it does. It can blur or invent faint structures:
    compare with the original before believing one. Large slices are done in windows that fade
    into each other (MONAI's sliding-window inference). With ``copies``, each slice goes through
    the network once per mirror image.

    Hounsfield units: kept; noise and streaks are lowered, means preserved as far as the
    network does.
    """
    import torch

    need_hounsfield_scale(volume, "repair")
    data = volume.data
    made = torch.empty_like(data)
    window = ctx.tile(min(window, max(data.shape[1:])), LEAST_WINDOW, 8)
    with ctx.use(model_ref(ctx, model)) as network, torch.inference_mode():
        reach = network.shape.neighbours
        device = next(network.module.parameters()).device
        for index in range(len(data)):
            near = [min(max(i, 0), len(data) - 1) for i in range(index - reach, index + reach + 1)]
            stack = data[near][None].to(device)
            shown = (
                _windows(partial(network.averaged, copies=copies), stack, window)[0, 0]
                .float()
                .cpu()
            )
            made[index] = torch.lerp(data[index], shown, strength)
            ctx.progress(index + 1, len(data), partial(preview_slice, volume, made[index]))
    step = f"artifact repair by the network {model}, strength {strength:g}"
    return volume.derive(made, step)


def model_ref(ctx: Context, model: str, loader: str = REPAIR, folder: str = "medical") -> ModelRef:
    """The reference of a model in the library.

    Raises:
        NodeError: ``missing_model``.
    """
    path = ctx.models.find(model, folder)
    fingerprint = file_fingerprint(path)
    if fingerprint is None:
        raise NodeError(f"{path} can't be read", port="model", code="missing_model")
    return ModelRef(loader, str(path), fingerprint)


def _windows(
    network: Callable[[torch.Tensor], torch.Tensor], stack: torch.Tensor, window: int
) -> torch.Tensor:
    if max(stack.shape[2:]) <= window:
        return network(stack)
    from monai.inferers import sliding_window_inference

    made = sliding_window_inference(
        stack, (window, window), 1, network, overlap=OVERLAP, mode="gaussian"
    )
    assert not isinstance(made, (tuple, dict))
    return made


def preview_slice(volume: Volume, slice: torch.Tensor) -> bytes:
    from ..view import preview_volume

    return preview_volume(Volume(slice[None], volume.affine, volume.modality, volume.unit))
