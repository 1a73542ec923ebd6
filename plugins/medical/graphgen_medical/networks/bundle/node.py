"""The node that labels a scan with a MONAI bundle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from graphgen import Context, ModelName, NodeError, node
from pydantic import Field

from ... import geometry
from ...checks import need_hounsfield
from ...types import Segmentation, Volume
from ..repair import model_ref
from ..sliding import decide, slide
from .files import refused
from .loader import BUNDLE, Bundle
from .recipe import Recipe, Step

if TYPE_CHECKING:
    import torch

MOST_VOXELS = 2**29
IMAGE = "image"


@node("medical/segment_bundle", title="Segment with a MONAI bundle", device=True)
def segment_bundle(
    volume: Volume,
    model: Annotated[
        str,
        ModelName(folder="medical"),
        Field(
            description="A bundle of the model library: its folder, a zip archive of it, or a .ts "
            "file that MONAI exported."
        ),
    ],
    *,
    ctx: Context,
) -> Segmentation:
    """Label a volume with a network that came as a MONAI bundle, as its configuration says.

    ``configs/metadata.json`` names the labels and the modality, ``configs/inference.json`` says
    how the input is oriented, resampled and scaled, how large the windows are, and what becomes
    of the output; MONAI's own transforms do it. Labels are brought back to the volume's grid
    (nearest voxel). Configurations are read as data: what is computed by code in them (``$``),
    and transforms or networks that are not on the pack's list, are refused with the reason.

    Hounsfield units: read, and not changed. A bundle for CT wants them.
    """
    import torch
    from monai.data import MetaTensor

    with ctx.use(model_ref(ctx, model, BUNDLE)) as bundle:
        recipe = bundle.recipe
        _check_volume(volume, recipe, model)
        transforms = _transforms(recipe.prepare, model)
        ras = torch.tensor(geometry.lps_to_ras(volume.affine), dtype=torch.float64)
        data = volume.data.permute(2, 1, 0)[None].clone()  # [1, x, y, z]
        image = MetaTensor(data, affine=ras, meta={"space": "RAS"})
        prepared = _applied(transforms, image, model, recipe)
        labels = _labels(bundle, prepared, model, ctx)
        back = _brought_back(labels, prepared, transforms)
    made = back.permute(2, 1, 0).to(torch.uint8).contiguous()
    return Segmentation(made, recipe.names, volume.affine, volume.source, f"MONAI bundle {model}")


def _check_volume(volume: Volume, recipe: Recipe, model: str) -> None:
    if recipe.modality == "CT":
        need_hounsfield(volume, f"the bundle {model}")
    elif recipe.modality and recipe.modality != volume.modality:
        raise NodeError(
            f"the bundle {model} is for {recipe.modality}, the volume is {volume.modality}",
            hint="choose a bundle for this modality",
            port="volume",
            code="wrong_modality",
        )


def _transforms(steps: tuple[Step, ...], model: str) -> Any:
    from monai import transforms

    made = []
    for name, settings in steps:
        source = {"source_key": IMAGE} if name == "CropForeground" else {}
        try:
            made.append(getattr(transforms, f"{name}d")(keys=IMAGE, **source, **settings))
        except Exception as error:  # settings of any kind
            raise refused(model, f"{name} can't be made: {error}") from error
    return transforms.Compose(made)


def _applied(transforms: Any, image: Any, model: str, recipe: Recipe) -> Any:
    _check_size(image, model, recipe)
    try:
        return transforms({IMAGE: image})[IMAGE]
    except Exception as error:  # settings of any kind
        reason = str(error.__cause__ or error).splitlines()[0]
        raise refused(model, f"its preprocessing failed: {reason}") from error


def _check_size(image: Any, model: str, recipe: Recipe) -> None:
    settings = next((settings for name, settings in recipe.prepare if name == "Spacing"), {})
    edges = settings.get("pixdim")
    edges = edges if isinstance(edges, list) else [edges] * 3
    if not all(isinstance(edge, (int, float)) and edge > 0 for edge in edges):
        return
    ratios = [float(now) / edge for now, edge in zip(image.pixdim, edges, strict=False)]
    voxels = math.prod(image.shape) * math.prod(ratios)
    if voxels > MOST_VOXELS:
        raise NodeError(
            f"on the grid of {model} ({edges} mm) the scan would have {voxels:.2g} voxels",
            hint="crop it first, or take a bundle with larger voxels",
            port="volume",
        )


def _labels(bundle: Bundle, prepared: Any, model: str, ctx: Context) -> torch.Tensor:
    recipe = bundle.recipe
    scores = slide(
        bundle.network,
        prepared.as_tensor()[0],
        recipe.window,
        name=model,
        ctx=ctx,
        overlap=recipe.overlap,
        blend=recipe.blend,
        padding=recipe.padding,
    )
    labels = decide(scores, recipe.decision, recipe.names, model, recipe.threshold, port="model")
    from monai import transforms

    for name, settings in recipe.clean:
        try:
            labels = getattr(transforms, name)(**settings)(labels[None])[0]
        except Exception as error:  # settings of any kind
            raise refused(model, f"{name} failed: {error}") from error
    return labels


def _brought_back(labels: torch.Tensor, prepared: Any, transforms: Any) -> torch.Tensor:
    """Labels on the grid that the image had before it was prepared."""
    from monai.transforms import Invertd

    image = prepared.clone()
    image[0] = labels
    inverse = Invertd(keys=IMAGE, transform=transforms, orig_keys=IMAGE, nearest_interp=True)
    made: torch.Tensor = inverse({IMAGE: image})[IMAGE].as_tensor()[0]
    return made
