"""Port types of the pack. Cheap to import: torch is imported by whoever makes a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import geometry
from .geometry import Affine, Vector

if TYPE_CHECKING:
    import torch

HOUNSFIELD = "HU"
UNSPECIFIED = "US"


@dataclass(frozen=True)
class Source:
    """What a volume was read from: all that is needed to refer to the originals.

    This is the only place that holds what identifies a patient. It is written nowhere but
    into DICOM, after de-identification unless that was switched off.

    Attributes:
        header: DICOM JSON (PS3.18 F) of the attributes that all slices share, without
            pixels: patient, study, series, equipment, acquisition. Empty without DICOM.
        slices: SOP instance UID of each slice, in the order of the volume.
        frames: Frame number (from 1) of each slice, of a multi-frame object.
        sop_class: SOP class UID of the originals.
        kind: Format that was read: ``DICOM``, ``NIfTI``, ``NRRD``; empty for made volumes.
        affine: Grid of the originals, so that a volume that was cropped or resampled still
            knows which of them a slice comes from.
    """

    header: str = ""
    slices: tuple[str, ...] = ()
    frames: tuple[int, ...] = ()
    sop_class: str = ""
    kind: str = ""
    affine: Affine = geometry.IDENTITY

    def __post_init__(self) -> None:
        object.__setattr__(self, "affine", geometry.as_affine(self.affine))


@dataclass(frozen=True, eq=False)
class Volume:
    """A scan: float32 ``[depth, height, width]``, in Hounsfield units for CT.

    Slices follow each other along the slice normal. Values are neither clipped nor scaled
    unless a node says so.

    Attributes:
        data: The values.
        affine: 4x4, from the index ``(column, row, slice, 1)`` of a voxel's centre to LPS
            millimetres; see ``geometry``.
        modality: DICOM's, such as ``CT`` or ``MR``.
        unit: ``HU``, or ``US`` (unspecified) once values are no Hounsfield units any more,
            as DICOM's Rescale Type has it.
        source: The originals, for derived DICOM.
        steps: What was done since, a short sentence each; becomes the derivation
            description of saved DICOM. Never holds an identifier.
    """

    data: torch.Tensor
    affine: Affine = geometry.IDENTITY
    modality: str = "CT"
    unit: str = HOUNSFIELD
    source: Source = field(default_factory=Source)
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        import torch

        _check_grid(self, "Volume.data", self.data)
        if self.data.dtype != torch.float32:
            raise ValueError(f"Volume.data must be float32, got {self.data.dtype}")

    @property
    def spacing(self) -> Vector:
        """Millimetres between voxel centres along width, height and depth."""
        return geometry.spacing(self.affine)

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along width, height and depth."""
        depth, height, width = self.data.shape
        return (int(width), int(height), int(depth))

    def derive(
        self,
        data: torch.Tensor,
        step: str,
        *,
        affine: Sequence[Sequence[float]] | None = None,
        unit: str | None = None,
    ) -> Volume:
        """What a node makes of this volume: new values, and a sentence on how."""
        return replace(
            self,
            data=data,
            affine=self.affine if affine is None else geometry.as_affine(affine),
            unit=unit or self.unit,
            steps=(*self.steps, step),
        )


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels on a volume's grid: uint8 ``[depth, height, width]``; 0 is background.

    Attributes:
        labels: The label of each voxel.
        names: What each label from 1 on is, such as ``("left lung", "right lung")``.
        affine: As that of the volume.
        source: The originals of the volume, for DICOM-SEG.
        method: How it was made, a short sentence.
        automatic: Made by an algorithm and not by hand.
    """

    labels: torch.Tensor
    names: tuple[str, ...]
    affine: Affine = geometry.IDENTITY
    source: Source = field(default_factory=Source)
    method: str = ""
    automatic: bool = True

    def __post_init__(self) -> None:
        import torch

        _check_grid(self, "Segmentation.labels", self.labels)
        if self.labels.dtype != torch.uint8:
            raise ValueError(f"Segmentation.labels must be uint8, got {self.labels.dtype}")
        object.__setattr__(self, "names", tuple(self.names))
        if int(self.labels.max()) > len(self.names):
            raise ValueError(
                f"Segmentation has {len(self.names)} names but a label {int(self.labels.max())}"
            )

    @property
    def spacing(self) -> Vector:
        """Millimetres between voxel centres along width, height and depth."""
        return geometry.spacing(self.affine)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of a scan: uint8 ``[height, width]``, or ``[height, width, 3]`` in sRGB.

    Unlike an ``Image`` it is saved without the workflow in it, which names files, and so may
    name patients.
    """

    pixels: torch.Tensor

    def __post_init__(self) -> None:
        import torch

        if not isinstance(self.pixels, torch.Tensor) or self.pixels.dtype != torch.uint8:
            raise ValueError("Picture.pixels must be a uint8 torch tensor")
        shape = list(self.pixels.shape)
        if 0 in shape or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
            raise ValueError(
                f"Picture.pixels must be [height, width] or [height, width, 3], got shape {shape}"
            )


@dataclass(frozen=True)
class Report:
    """Measured figures: a title, and rows of ``(what, value, unit)``.

    Attributes:
        rows: Figures in order; the unit is empty for a plain number.
        notes: Sentences below them: how it was measured, what to bear in mind.
    """

    title: str
    rows: tuple[tuple[str, float, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = tuple((str(what), float(value), str(unit)) for what, value, unit in self.rows)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "notes", tuple(self.notes))

    def markdown(self) -> str:
        """As a table, four significant digits."""
        lines = [f"# {self.title}", "", "| what | value | unit |", "| --- | ---: | --- |"]
        lines += [f"| {what} | {value:.4g} | {unit} |" for what, value, unit in self.rows]
        return "\n".join([*lines, "", *self.notes]).rstrip() + "\n"


def _check_grid(value: Any, name: str, tensor: Any) -> None:
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise ValueError(f"{name} must be a torch tensor, got {type(tensor).__name__}")
    if tensor.ndim != 3 or 0 in tensor.shape:
        raise ValueError(f"{name} must be [depth, height, width], got shape {list(tensor.shape)}")
    object.__setattr__(value, "affine", geometry.as_affine(value.affine))
