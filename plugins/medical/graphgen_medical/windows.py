"""Windows: which values are shown from black to white."""

from __future__ import annotations

import json
from typing import Any

from .types import HOUNSFIELD, Source, Volume

WINDOWS: dict[str, tuple[float, float]] = {
    "lung": (-600.0, 1500.0),
    "bone": (500.0, 2000.0),
    "brain": (40.0, 80.0),
    "abdomen": (50.0, 400.0),
    "mediastinum": (50.0, 350.0),
}
"""Centre and width in Hounsfield units, as they are usually set."""


def scanner_window(source: Source) -> tuple[float, float] | None:
    """Centre and width that the scanner put into the originals (the first, of several)."""
    header = json.loads(source.header) if source.header else {}
    try:
        center, width = (float(header[tag]["Value"][0]) for tag in ("00281050", "00281051"))
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return (center, width) if width >= 1 else None


def window_range(
    volume: Volume, window: str = "auto", center: float = 40.0, width: float = 400.0
) -> tuple[float, float]:
    """Lowest (black) and highest (white) value to show.

    Args:
        volume: What is shown.
        window: A name of ``WINDOWS``; ``free`` takes ``center`` and ``width``; ``auto`` the
            scanner's own window, -160 to 240 HU without one, and all values where they are
            no Hounsfield units.
    """
    if window == "auto":
        if volume.unit != HOUNSFIELD:
            low, high = float(volume.data.min()), float(volume.data.max())
            return (low, high) if high > low else (low, low + 1.0)
        center, width = scanner_window(volume.source) or (40.0, 400.0)
    elif window != "free":
        center, width = WINDOWS[window]
    return (center - width / 2, center + width / 2)


def to_grey(values: Any, low: float, high: float) -> Any:
    """A float NumPy array as uint8: ``low`` and below 0, ``high`` and above 255."""
    import numpy as np

    scaled = (values - np.float32(low)) * np.float32(255 / (high - low))
    # Rounded to the nearest by the half that the conversion cuts off.
    np.clip(scaled, 0, 255, out=scaled)
    scaled += np.float32(0.5)
    return scaled.astype(np.uint8)
