"""Networks of three dimensions over whole volumes, window by window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from graphgen import Context, NodeError

if TYPE_CHECKING:
    import torch


def slide(
    network: Any,
    data: torch.Tensor,
    window: Sequence[int],
    *,
    name: str,
    ctx: Context,
    overlap: float = 0.25,
    blend: Literal["constant", "gaussian"] = "gaussian",
    padding: str = "constant",
) -> torch.Tensor:
    """What a network says of a volume, by MONAI's sliding windows.

    Args:
        network: Takes ``[1, 1, x, y, z]``, gives ``[1, channels, x, y, z]``.
        data: ``[x, y, z]``, float32; the axes may be in another order.
        window: Edges in voxels, in the order of the axes; empty: all at once.
        name: Of the network, for messages.
        ctx: Told of each window.
        overlap: Of neighbouring windows, as a fraction.
        blend: How they are put together.
        padding: Around a volume that is smaller than a window.

    Returns:
        ``[channels, x, y, z]``, float32 on the CPU.

    Raises:
        NodeError: The network does not fit.
    """
    import torch
    from monai.inferers import sliding_window_inference

    edges = tuple(window) or tuple(data.shape)
    total = math.prod(
        1 + max(0, math.ceil((size - edge) / max(1, int(edge * (1 - overlap)))))
        for size, edge in zip(data.shape, edges, strict=True)
    )
    done = 0

    def predict(patch: torch.Tensor) -> torch.Tensor:
        nonlocal done
        made = network(patch.to(ctx.device))
        if not isinstance(made, torch.Tensor) or made.shape[2:] != patch.shape[2:]:
            raise _not_alike(name, made, patch)
        done += 1
        ctx.progress(min(done, total), total)
        return made.float().cpu()

    try:
        with torch.inference_mode():
            scores = sliding_window_inference(
                data[None, None].contiguous(), edges, 1, predict, overlap, blend,
                padding_mode=padding,
            )  # fmt: skip
    except RuntimeError as error:
        raise NodeError(
            f"{name} failed on a window of {list(edges)}: {str(error).splitlines()[-1]}",
            hint="does it take one channel and three dimensions, and windows of this size?",
            port="model",
            code="wrong_model",
        ) from error
    assert isinstance(scores, torch.Tensor)
    return scores[0]


def decide(
    scores: torch.Tensor,
    decision: Literal["highest", "threshold"],
    names: tuple[str, ...],
    name: str,
    threshold: float = 0.5,
    port: str = "names",
) -> torch.Tensor:
    """Labels of scores.

    Args:
        scores: ``[channels, ...]``.
        decision: The highest channel wins, 0 being background; or each channel whose sigmoid
            is above ``threshold`` is a label, later ones over earlier.
        names: What the labels are, without the background.
        name: Of the network, for messages.
        threshold: A probability.
        port: Where the names come from.

    Returns:
        uint8 ``[...]``: 0 background, then as the names.

    Raises:
        NodeError: There are more or fewer channels than names.
    """
    import torch

    if decision == "threshold":
        labels = torch.zeros(scores.shape[1:], dtype=torch.uint8)
        for channel, score in enumerate(scores, 1):
            labels[score.sigmoid() > threshold] = channel
        count = len(scores)
    else:
        labels, count = scores.argmax(0).to(torch.uint8), len(scores) - 1
    if count != len(names):
        raise NodeError(
            f"{name} tells {count} labels apart, but {len(names)} names are given",
            hint="one name per label, without the background",
            port=port,
        )
    return labels


def _not_alike(name: str, made: Any, patch: torch.Tensor) -> NodeError:
    got = list(made.shape) if hasattr(made, "shape") else type(made).__name__
    return NodeError(
        f"{name} gave {got} for {list(patch.shape)}",
        hint="expected [1, channels, ...] of the same size",
        port="model",
        code="wrong_model",
    )
