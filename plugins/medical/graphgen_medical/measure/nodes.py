"""Nodes that measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from graphgen import Context, NodeError, node
from pydantic import Field

from ..checks import need_same_grid
from ..types import HOUNSFIELD, Report, Volume
from .metrics import psnr, rmse, ssim

if TYPE_CHECKING:
    import torch

MIN_EDGE = 11  # pixels: the window of SSIM

Index = Annotated[int, Field(ge=0)]


class Compared(NamedTuple):
    """What ``medical/compare`` gives."""

    report: Annotated[Report, Field(description="All figures.")]
    psnr: Annotated[float, Field(description="dB, after the change if there is a before.")]
    ssim: Annotated[float, Field(description="-1..1, likewise.")]
    rmse: Annotated[float, Field(description="In HU for CT, likewise.")]


@node("medical/compare", title="Measure against truth")
def compare(
    volume: Volume,
    truth: Volume,
    before: Volume | None = None,
    span: Annotated[
        float, Field(gt=0, description="What PSNR and SSIM refer to; 2000 HU: -1000 to 1000.")
    ] = 2000.0,
    *,
    ctx: Context,
) -> Compared:
    """Measure PSNR, SSIM and RMSE of a volume against the truth, over all slices.

    With ``before`` (what the volume was made from) the report has both, and the gain.
    Values below -1000 HU, the padding outside a round field of view, count as -1000 in all
    volumes of CT. PSNR is ``20 log10(span / RMSE)``. SSIM is the mean over the slices with a
    Gaussian window of 1.5 pixels.

    Hounsfield units: read, and not changed. PSNR is infinite when nothing differs.
    """
    given = {"volume": volume} if before is None else {"before": before, "volume": volume}
    for port, item in given.items():
        _need_alike(item, truth, port)
    depth, height, width = truth.data.shape
    if min(height, width) < MIN_EDGE:
        raise NodeError(
            f"slices of {width} x {height} pixels are too small to measure",
            hint=f"SSIM looks through windows of {MIN_EDGE} pixels",
            port="truth",
        )
    reference = _from_air(truth)
    figures: dict[str, tuple[float, float, float]] = {}
    for number, (port, item) in enumerate(given.items()):
        data = _from_air(item)

        def tick(slices: int, done: int = number * depth) -> None:
            ctx.progress(done + slices, len(given) * depth)

        figures[port] = (
            psnr(data, reference, span),
            ssim(data, reference, span, tick),
            rmse(data, reference),
        )
    unit = truth.unit if truth.unit == HOUNSFIELD else ""
    rows: list[tuple[str, float, str]] = []
    for which, (name, of) in enumerate((("PSNR", "dB"), ("SSIM", ""), ("RMSE", unit))):
        after = figures["volume"][which]
        if before is None:
            rows.append((name, after, of))
            continue
        had = figures["before"][which]
        gain = 0.0 if after == had else after - had  # infinity less infinity is no number
        rows += [(f"{name} before", had, of), (f"{name} after", after, of)]
        rows.append((f"{name} change", gain, of))
    slices = "1 slice" if depth == 1 else f"{depth} slices"
    note = f"{slices}; PSNR and SSIM refer to a range of {f'{span:g} {unit}'.strip()}."
    return Compared(Report("Compared with the truth", tuple(rows), (note,)), *figures["volume"])


class Noise(NamedTuple):
    """What ``medical/noise`` gives."""

    report: Annotated[Report, Field(description="Mean and noise, with the region.")]
    mean: Annotated[float, Field(description="In HU for CT.")]
    noise: Annotated[float, Field(description="Standard deviation, in HU for CT.")]


@node("medical/noise", title="Noise in a region")
def noise(
    volume: Volume,
    column: Annotated[Index, Field(description="Leftmost pixel of the region.")] = 0,
    row: Annotated[Index, Field(description="Topmost pixel of the region.")] = 0,
    width: Annotated[int, Field(ge=1, description="Pixels.")] = 32,
    height: Annotated[int, Field(ge=1, description="Pixels.")] = 32,
    slice: Annotated[int | None, Field(ge=0, description="From 0; none: the middle slice.")] = None,
) -> Noise:
    """Mean and noise (standard deviation) of a rectangle in one slice.

    Choose a place that should be even: aorta, liver, muscle, or air in front of the patient.
    Hounsfield units: read, and not changed.
    """
    depth, rows, columns = volume.data.shape
    index = depth // 2 if slice is None else slice
    if index >= depth:
        raise NodeError(f"there is no slice {index}; the last is {depth - 1}", port="slice")
    if row + height > rows or column + width > columns:
        raise NodeError(
            f"the region reaches to column {column + width}, row {row + height}, beyond the slice "
            f"of {columns} x {rows}",
            port="column" if column + width > columns else "row",
        )
    region = volume.data[index, row : row + height, column : column + width].double()
    mean, deviation = float(region.mean()), float(region.std(unbiased=False))
    unit = volume.unit if volume.unit == HOUNSFIELD else ""
    dx, dy, _ = volume.spacing
    place = (
        f"Slice {index}, columns {column} to {column + width - 1}, rows {row} to "
        f"{row + height - 1} ({width * dx:.1f} x {height * dy:.1f} mm)."
    )
    figures = (("Mean", mean, unit), ("Noise (SD)", deviation, unit))
    return Noise(Report("Noise in a region", figures, (place,)), mean, deviation)


def _need_alike(item: Volume, truth: Volume, port: str) -> None:
    size, other = tuple(truth.data.shape), tuple(item.data.shape)
    need_same_grid(size, truth.affine, other, item.affine, port)
    if (item.modality, item.unit) != (truth.modality, truth.unit):
        raise NodeError(
            f"its values ({item.modality}, {item.unit}) are not those of the truth "
            f"({truth.modality}, {truth.unit})",
            hint="treat both alike before comparing: window or standardise both, or neither",
            port=port,
            code="different_unit",
        )


def _from_air(volume: Volume) -> torch.Tensor:
    data = volume.data
    return data.clamp_min(-1000.0) if volume.unit == HOUNSFIELD else data
