"""Figures as a picture: each ratio as a bar, and a mark where it should end."""

from __future__ import annotations

from pathlib import Path

from .measure import Figure

REACHED, SHORT, SHOWN = "#3f8f5f", "#c2772e", "#7d8794"


def plot(taken: list[Figure], picture: Path) -> None:
    """Draw figures as SVG; there must be one at least."""
    from matplotlib import rcParams
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Drawing
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    rcParams["svg.hashsalt"] = "graphgen"  # the same figures give the same file
    figure = Drawing(figsize=(8, 0.6 + 0.24 * len(taken)), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    for at, row in enumerate(taken):
        reach = row.reach
        colour = SHOWN if reach is None else REACHED if row.ratio <= reach else SHORT
        axes.barh(at, row.ratio, color=colour, height=0.62)
        if reach is not None:
            axes.plot([reach, reach], [at - 0.42, at + 0.42], color="#22262b", linewidth=1.6)
        label = f"{row.ratio:.2f}"
        axes.annotate(
            label, (row.ratio, at), (3, 0), textcoords="offset points", va="center", size=7
        )
    axes.set_xscale("log")
    axes.set_xlim(left=min(0.5, *(row.ratio / 2 for row in taken)))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.axvline(1, color="#b7bdc5", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(taken)), [row.name for row in taken], size=7)
    axes.invert_yaxis()
    axes.set_xlabel("graphgen, as a share of its baseline in the same run (log scale)", size=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, format="svg", metadata={"Date": None})
