"""Values along a line, as a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from graphgen import NodeError, node
from graphgen_nodes.image.types import Image
from pydantic import Field

from ..checks import need_same_grid
from ..types import HOUNSFIELD, Report, Volume

if TYPE_CHECKING:
    import numpy as np

Place = Annotated[float | None, Field(ge=0, description="In pixels; none: see the node.")]


class Profile(NamedTuple):
    """What ``medical/profile`` gives."""

    plot: Annotated[Image, Field(description="The plot, 960 x 540 pixels.")]
    report: Annotated[Report, Field(description="Mean, extremes and steepest step.")]
    values: Annotated[dict[str, Any], Field(description="Millimetres, and values by volume.")]


@node("medical/profile", title="Profile along a line")
def profile(
    volume: Volume,
    second: Volume | None = None,
    third: Volume | None = None,
    slice: Annotated[int | None, Field(ge=0, description="From 0; none: the middle slice.")] = None,
    column: Place = None,
    row: Place = None,
    to_column: Place = None,
    to_row: Place = None,
    thickness: Annotated[int, Field(ge=1, le=256, description="Pixels that are averaged.")] = 1,
    labels: Annotated[str, Field(description="Names in the plot, with commas between.")] = "",
) -> Profile:
    """Plot the values along a line in one slice, of up to three volumes on one grid.

    The line goes from ``(column, row)`` to ``(to_column, to_row)``; what is left out makes it
    the horizontal line through the middle. Values between pixels are interpolated linearly
    (scikit-image's ``profile_line``). The distance is in millimetres.

    Hounsfield units: read, and not changed.
    """
    import numpy as np

    depth, height, width = volume.data.shape
    index = depth // 2 if slice is None else slice
    if index >= depth:
        raise NodeError(f"there is no slice {index}; the last is {depth - 1}", port="slice")
    start = ((height - 1) / 2 if row is None else row, 0.0 if column is None else column)
    end = (start[0] if to_row is None else to_row, width - 1 if to_column is None else to_column)
    for (down, right), names in ((start, ("row", "column")), (end, ("to_row", "to_column"))):
        if down > height - 1 or right > width - 1:
            raise NodeError(
                f"the line leaves the slice of {width} x {height} pixels at column {right:g}, "
                f"row {down:g}",
                port=names[0] if down > height - 1 else names[1],
            )
    if start == end:
        raise NodeError("the line has no length", port="to_column")
    volumes = [item for item in (volume, second, third) if item is not None]
    given = [name.strip() for name in labels.split(",")] if labels.strip() else []
    lines: dict[str, np.ndarray] = {}
    for number, item in enumerate(volumes):
        if number:
            port = "second" if item is second else "third"
            size, other = tuple(volume.data.shape), tuple(item.data.shape)
            need_same_grid(size, volume.affine, other, item.affine, port)
        name = given[number] if number < len(given) else f"volume {number + 1}"
        while name in lines:
            name += "'"
        lines[name] = _along(item.data[index].numpy(), start, end, thickness)
    dx, dy, _ = volume.spacing
    length = float(np.hypot((end[1] - start[1]) * dx, (end[0] - start[0]) * dy))
    places = np.linspace(0.0, length, len(next(iter(lines.values()))))
    unit = volume.unit if volume.unit == HOUNSFIELD else ""
    title = f"Slice {index}, ({start[1]:g}, {start[0]:g}) to ({end[1]:g}, {end[0]:g})"
    values = {"mm": places.tolist(), **{name: line.tolist() for name, line in lines.items()}}
    report = Report(title, _figures(lines, length, unit), (f"Length {length:.1f} mm.",))
    return Profile(_plot(places, lines, title, unit), report, values)


def _along(
    pixels: np.ndarray, start: tuple[float, float], end: tuple[float, float], thickness: int
) -> np.ndarray:
    from skimage.measure import profile_line

    line: np.ndarray = profile_line(
        pixels, start, end, linewidth=thickness, order=1, mode="nearest"
    )
    return line


def _figures(
    lines: dict[str, np.ndarray], length: float, unit: str
) -> tuple[tuple[str, float, str], ...]:
    import numpy as np

    rows: list[tuple[str, float, str]] = []
    for name, line in lines.items():
        step = length / max(1, len(line) - 1)
        rows += [
            (f"{name}: mean", float(line.mean()), unit),
            (f"{name}: lowest", float(line.min()), unit),
            (f"{name}: highest", float(line.max()), unit),
            (f"{name}: steepest", float(np.abs(np.diff(line)).max() / step), f"{unit}/mm"),
        ]
    return tuple(rows)


def _plot(places: np.ndarray, lines: dict[str, np.ndarray], title: str, unit: str) -> Image:
    import numpy as np
    import torch
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.4), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for name, line in lines.items():
        axes.plot(places, line, label=name, linewidth=1.2)
    axes.set(xlabel="mm", ylabel=unit or "value", title=title)
    axes.grid(alpha=0.3)
    axes.margins(x=0)
    if len(lines) > 1:
        axes.legend()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(np.float32) / 255
    return Image(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()))
