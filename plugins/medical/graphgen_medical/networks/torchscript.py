"""Segmentation with any network that was saved as TorchScript."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from graphgen import Context, ModelName, ModelRef, NodeError, node
from pydantic import Field

from .. import geometry
from ..preprocess.grid import orient, resample
from ..types import Segmentation, Volume
from .loaders import module_bytes
from .repair import model_ref
from .sliding import decide, slide

if TYPE_CHECKING:
    import torch

TORCHSCRIPT = "medical/torchscript"
Edge = Annotated[int, Field(ge=8, le=1024, description="Voxels of a window along this axis.")]
Millimetres = Annotated[float, Field(ge=0, le=50, description="mm; 0 leaves this axis as it is.")]


class TorchScriptLoader:
    """The model loader ``medical/torchscript``.

    TorchScript is a program, run by torch's own interpreter and not by Python; pickled files
    and archives of other kinds are refused. Take it from whom you trust.
    """

    def load(self, ref: ModelRef, device: str, dtype: torch.dtype) -> Any:
        """The network on ``device``, in the precision that it was saved in.

        Raises:
            NodeError: The file holds no TorchScript.
        """
        import torch

        path = Path(ref.path)
        try:
            if not path.is_file():
                raise RuntimeError("it is a folder")
            return torch.jit.load(str(path), map_location=device).eval()
        except (RuntimeError, OSError, ValueError) as error:
            raise NodeError(
                f"{path.name} holds no TorchScript: {str(error).splitlines()[0]}",
                hint="save the network with torch.jit.script(network).save(...); "
                "for MONAI bundles there is the node Segment with a MONAI bundle",
                port="model",
                code="wrong_model",
            ) from error

    def move(self, model: Any, device: str) -> Any:
        return model.to(device)

    def nbytes(self, model: Any) -> int:
        return module_bytes(model)


@node("medical/segment_network", title="Segment with a network", device=True)
def segment_network(
    volume: Volume,
    model: Annotated[
        str,
        ModelName(folder="medical"),
        Field(description="A TorchScript file of the model library, such as spleen.ts."),
    ],
    names: Annotated[
        str, Field(min_length=1, description="What its labels are, with commas: liver, tumour.")
    ],
    low: Annotated[float, Field(description="HU that is 0 for the network.")] = -1000.0,
    high: Annotated[float, Field(description="HU that is 1 for the network.")] = 1000.0,
    axes: Annotated[
        str, Field(pattern="^[LRAPSI]{3}$", description="Where its axes lead; MONAI's: RAS.")
    ] = "RAS",
    x: Millimetres = 1.5,
    y: Millimetres = 1.5,
    z: Millimetres = 2.0,
    window_x: Edge = 96,
    window_y: Edge = 96,
    window_z: Edge = 96,
    order: Annotated[
        Literal["xyz", "zyx"], Field(description="Of the tensor's axes; MONAI's is xyz.")
    ] = "xyz",
    decision: Annotated[
        Literal["highest", "threshold"],
        Field(description="The highest channel, 0 being background, or each above one half."),
    ] = "highest",
    *,
    ctx: Context,
) -> Segmentation:
    """Label a volume with a network of three dimensions, by sliding windows (MONAI's).

    For a file that says nothing of how its input is made; a MONAI bundle says it, and has a
    node of its own.

    The volume is oriented, resampled linearly, and its values from low to high become 0 to 1,
    clipped. The network takes ``[1, 1, ...]`` and gives ``[1, channels, ...]`` of the same size:
    scores, of which the highest wins, or (threshold) logits, each by itself through a sigmoid,
    later channels over earlier. The labels are brought back to the volume's own grid, nearest
    voxel. How a network wants its input is said by who trained it.

    Hounsfield units: read, and not changed. Runs a program: see that the file is of someone you
    trust.
    """
    if low >= high:
        raise NodeError(f"the range from {low:g} to {high:g} is empty", port="low")
    known = tuple(name.strip() for name in names.split(",") if name.strip())
    turned = orient(volume, axes)
    given = resample(turned, x, y, z)
    data = ((given.data - low) / (high - low)).clamp(0, 1)
    window = (window_x, window_y, window_z)
    if order == "xyz":
        data = data.permute(2, 1, 0)
    else:
        window = (window_z, window_y, window_x)
    with ctx.use(model_ref(ctx, model, TORCHSCRIPT)) as network:
        scores = slide(network, data, window, name=model, ctx=ctx)
    labels = decide(scores, decision, known, model)
    if order == "xyz":
        labels = labels.permute(2, 1, 0)
    return _brought_back(labels, turned, volume, known, f"network {model}")


def _brought_back(
    labels: torch.Tensor, turned: Volume, volume: Volume, names: tuple[str, ...], method: str
) -> Segmentation:
    """Labels of the resampled grid on the volume's own."""
    import torch

    for axis, count in enumerate(turned.data.shape):
        place = (torch.arange(count) + 0.5) * (labels.shape[axis] / count)
        labels = labels.index_select(axis, place.long().clamp_(0, labels.shape[axis] - 1))
    there = Volume(labels.float(), turned.affine)
    back = orient(there, geometry.orientation(volume.affine))
    return Segmentation(back.data.to(torch.uint8), names, volume.affine, volume.source, method)
