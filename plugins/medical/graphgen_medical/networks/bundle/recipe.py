"""How a bundle wants its input made and its output read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .config import Config, ConfigError, arguments, is_disabled, target

Step = tuple[str, dict[str, Any]]
"""Name of a MONAI transform, without the ending for dictionaries, and its arguments."""

INPUT = (
    "Orientation", "Spacing", "CropForeground", "SpatialPad", "BorderPad", "DivisiblePad",
    "ScaleIntensity", "ScaleIntensityRange", "ScaleIntensityRangePercentiles",
    "NormalizeIntensity", "ThresholdIntensity", "ShiftIntensity", "ClipIntensityPercentiles",
)  # fmt: skip
"""Transforms that make the input."""
LABELS = ("KeepLargestConnectedComponent", "RemoveSmallObjects", "FillHoles")
"""Transforms that clean labels."""
_DECISIONS = ("Activations", "AsDiscrete")
_DONE_HERE = (
    "LoadImage", "EnsureChannelFirst", "EnsureType", "ToTensor", "ToDevice", "CastToType",
    "Invert", "SaveImage",
)  # fmt: skip
"""Reading, writing and going back to the scan's grid, which the node does anyhow."""
_INFERERS = {
    "SlidingWindowInferer": True,
    "SlidingWindowInfererAdapt": True,
    "SimpleInferer": False,
}
_OF_DICTIONARIES = ("Dict", "D", "d")
_NOT_FOR_US = ("keys", "allow_missing_keys", "meta_keys", "meta_key_postfix", "source_key")
_MODALITIES = {"CT": "CT", "MR": "MR", "MRI": "MR", "PT": "PT", "PET": "PT"}


@dataclass(frozen=True)
class Recipe:
    """How a bundle wants its input made and its output read.

    Attributes:
        names: What labels 1, 2... are.
        modality: ``CT``, ``MR``, ``PT``; empty if it is not said.
        prepare: Transforms of the input.
        clean: Transforms of the labels, on the network's grid.
        window: Voxels of a window along x, y, z; empty: all at once.
        overlap: Of neighbouring windows, as a fraction.
        blend: How windows are put together, ``constant`` or ``gaussian``.
        padding: Around a scan that is smaller than a window.
        decision: The highest channel wins, 0 being background; or each channel above
            ``threshold`` after a sigmoid is a label.
        threshold: A probability.
    """

    names: tuple[str, ...]
    modality: str
    prepare: tuple[Step, ...]
    clean: tuple[Step, ...]
    window: tuple[int, ...]
    overlap: float
    blend: Literal["constant", "gaussian"]
    padding: str
    decision: Literal["highest", "threshold"]
    threshold: float


def recipe_of(metadata: dict[str, Any], inference: dict[str, Any]) -> Recipe:
    """What the two configurations say.

    Raises:
        ConfigError: Something is not said, or not what this pack can do.
    """
    config = Config(inference)
    steps = dict(_steps(config, "preprocessing", INPUT))
    after = dict(_steps(config, "postprocessing", (*_DECISIONS, *LABELS)))
    if not steps:
        raise ConfigError("its configuration names no preprocessing")
    made = [step for step in after.values() if step[0] in _DECISIONS]
    decision, threshold = _decision([settings for _, settings in made])
    described = _dict(metadata, "network_data_format")
    window, settings = _window(config, described)
    return Recipe(
        names=_names(described, decision),
        modality=_modality(described),
        prepare=tuple(steps.values()),
        clean=tuple(step for step in after.values() if step[0] in LABELS),
        window=window,
        overlap=_number(settings.get("overlap", 0.25), 0, 0.95, "inferer.overlap"),
        blend="gaussian" if settings.get("mode") == "gaussian" else "constant",
        padding=str(settings.get("padding_mode", "constant")),
        decision=decision,
        threshold=threshold,
    )


def _steps(config: Config, part: str, known: tuple[str, ...]) -> Iterator[tuple[int, Step]]:
    value = config.followed(config.document.get(part, []), part)
    if isinstance(value, dict):
        if target(value, part) != "Compose":
            raise ConfigError(f"{part} is no list of transforms")
        value = config.followed(value.get("transforms", []), part)
    if not isinstance(value, list):
        raise ConfigError(f"{part} is no list of transforms")
    for index, item in enumerate(value):
        where = f"{part}[{index}]"
        item = config.followed(item, where)
        if is_disabled(item):
            continue
        named = target(item, where)
        name = next((named.removesuffix(e) for e in _OF_DICTIONARIES if named.endswith(e)), named)
        if name in _DONE_HERE:
            continue
        if name not in known:
            raise ConfigError(f"{where} is {named}, which is not among {', '.join(known)}")
        settings = {key: value for key, value in arguments(item).items() if key not in _NOT_FOR_US}
        yield index, (name, config.plain(settings, f"{where} ({named})"))


def _decision(settings: list[dict[str, Any]]) -> tuple[Literal["highest", "threshold"], float]:
    told: dict[str, Any] = {}
    for one in settings:
        told.update(one)
    cut = told.get("threshold")
    if told.get("argmax") or (cut is None and not told.get("sigmoid")):
        return "highest", 0.5
    cut = 0.5 if cut is None or cut is True else cut
    if not told.get("sigmoid"):
        raise ConfigError("it cuts at a threshold without a sigmoid, so what it cuts is unclear")
    return "threshold", _number(cut, 0, 1, "AsDiscrete.threshold")


def _window(config: Config, described: dict[str, Any]) -> tuple[tuple[int, ...], dict[str, Any]]:
    value = config.followed(config.document.get("inferer"), "inferer")
    if value is None:
        shape = _dict(described, "inputs", "image").get("spatial_shape")
        return _edges(shape, "spatial_shape") if shape else (), {}
    named = target(value, "inferer")
    if named not in _INFERERS:
        raise ConfigError(f"inferer is {named}, which is not among {', '.join(_INFERERS)}")
    told = {
        key: config.plain(item, f"inferer.{key}")
        for key, item in arguments(value).items()
        if key in ("roi_size", "overlap", "mode", "padding_mode")
    }
    return (_edges(told.get("roi_size"), "roi_size") if _INFERERS[named] else ()), told


def _edges(value: Any, where: str) -> tuple[int, ...]:
    edges = [value] * 3 if isinstance(value, int) else value
    if not isinstance(edges, list) or len(edges) != 3:
        raise ConfigError(
            f"{where} is {value}; it needs three edges: networks of slices can't be used"
        )
    if not all(isinstance(edge, int) and 1 <= edge <= 1024 for edge in edges):
        raise ConfigError(f"{where} is {value}, not three whole numbers up to 1024")
    return tuple(edges)


def _names(described: dict[str, Any], decision: str) -> tuple[str, ...]:
    inputs = _dict(described, "inputs", "image")
    channels = inputs.get("num_channels", 1)
    if channels != 1:
        raise ConfigError(f"it takes {channels} channels, a scan has one")
    told = _dict(described, "outputs", "pred").get("channel_def")
    if not isinstance(told, dict) or not told:
        raise ConfigError("metadata.json does not name the output's channels (channel_def)")
    try:
        names = [str(told[key]) for key in sorted(told, key=int)]
    except (TypeError, ValueError) as error:
        raise ConfigError(f"channel_def numbers its channels oddly: {list(told)}") from error
    return tuple(names[1:] if decision == "highest" else names)


def _modality(described: dict[str, Any]) -> str:
    told = str(_dict(described, "inputs", "image").get("modality", "")).upper()
    return _MODALITIES.get(told, "")


def _dict(document: dict[str, Any], *path: str) -> dict[str, Any]:
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _number(value: Any, low: float, high: float, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigError(f"{where} is {value}, not a number from {low} to {high}")
    return float(value)
