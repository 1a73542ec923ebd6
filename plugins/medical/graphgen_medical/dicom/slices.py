"""The slices of a series, wherever DICOM puts what is known of them: in one object each, or in
the functional groups of an enhanced multi-frame object (PS3.3 C.7.6.16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphgen import NodeError

from ..geometry import Vector, cross, dot
from .files import Member
from .headers import Header


@dataclass(frozen=True)
class Native:
    """Uncompressed pixels in a file: byte position, NumPy dtype and the bits that count."""

    offset: int
    dtype: str
    bits: int


@dataclass(frozen=True)
class Slice:
    """One picture of a series.

    Attributes:
        frame: Index in a multi-frame object, None of a single-frame one.
        size: Rows and columns.
        position: Centre of the first voxel, LPS millimetres; None if it is not said.
        rows: Unit vector along a row: towards higher column indices.
        columns: Unit vector along a column.
        spacing: Millimetres between rows and between columns, in this order.
        slope, intercept: From stored values to output units; None if they are not said.
        padding: Lowest and highest stored value that stands for no value.
        thickness: Nominal, in millimetres; 0 if it is not said.
        lookup: Has a modality LUT instead of slope and intercept.
        native: Where its pixels lie, if they are neither compressed nor big-endian.
    """

    member: Member
    frame: int | None
    sop: str
    size: tuple[int, int]
    position: Vector | None
    rows: Vector
    columns: Vector
    spacing: tuple[float, float]
    slope: float | None
    intercept: float | None
    padding: tuple[int, int] | None
    thickness: float
    lookup: bool
    native: Native | None

    @property
    def normal(self) -> Vector:
        return cross(self.rows, self.columns)

    @property
    def along(self) -> float:
        """Position along the slice normal, millimetres."""
        return dot(self.position, self.normal) if self.position is not None else 0.0


def slices_of(headers: list[Header]) -> list[Slice]:
    """Every picture of the files; localizers (scout views) among others are left out, and so
    is a file that is there twice.

    Raises:
        NodeError: A file is no greyscale scan, or lacks pixels, size or positions.
    """
    found: dict[tuple[str, int | None], Slice] = {}
    scans = [header for header in headers if "LOCALIZER" not in _image_type(header)]
    for header in scans or headers:
        for one in _slices(header):
            found.setdefault((one.sop or one.member.name, one.frame), one)
    return list(found.values())


def _image_type(header: Header) -> list[str]:
    value = header.get("ImageType", [])
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _slices(header: Header) -> Iterator[Slice]:
    dataset = header.dataset
    if int(header.get("SamplesPerPixel", 1)) != 1:
        raise NodeError(
            f"{header.name} is a colour picture ({header.kind}), no scan",
            hint="choose the series of the scan itself",
            code="not_a_scan",
        )
    frames = int(header.get("NumberOfFrames", 1))
    if "PerFrameFunctionalGroupsSequence" in dataset:
        shared = dataset.get("SharedFunctionalGroupsSequence") or [None]
        groups = list(dataset.PerFrameFunctionalGroupsSequence)
        if len(groups) != frames:
            raise NodeError(
                f"{header.name} describes {len(groups)} frames but says it holds {frames}",
                hint="the file is damaged; export it again",
                code="unreadable_file",
            )
        for index, group in enumerate(groups):
            yield _slice(header, index, _Groups(group, shared[0], dataset))
    elif frames > 1:
        raise NodeError(
            f"{header.name} holds {frames} frames without a position each ({header.kind})",
            hint="export the series as CT images, or as enhanced CT",
            code="not_a_scan",
        )
    else:
        yield _slice(header, None, dataset)


class _Groups:
    """Attributes of a frame: from its own groups, the shared ones, or the object itself."""

    def __init__(self, *levels: Any) -> None:
        self._levels = levels

    def get(self, keyword: str) -> Any:
        for level in self._levels:
            if level is None:
                continue
            if keyword in level:
                return level.get(keyword)
            for element in level:
                if element.VR == "SQ" and len(element.value) == 1 and keyword in element.value[0]:
                    return element.value[0].get(keyword)
        return None


def _slice(header: Header, frame: int | None, attributes: Any) -> Slice:
    rows, columns = int(header.get("Rows", 0)), int(header.get("Columns", 0))
    if not rows or not columns:
        raise NodeError(
            f"{header.name} says its image has {rows} rows and {columns} columns",
            hint="the file is damaged; export it again",
            code="unreadable_file",
        )
    try:
        position = _numbers(attributes.get("ImagePositionPatient"), 3)
        plane = _numbers(attributes.get("ImageOrientationPatient"), 6)
        spacing = _numbers(attributes.get("PixelSpacing"), 2)
        slope = _number(attributes.get("RescaleSlope"))
        intercept = _number(attributes.get("RescaleIntercept"))
        thickness = _number(attributes.get("SliceThickness")) or 0.0
    except (TypeError, ValueError) as error:
        raise NodeError(
            f"{header.name} has a number that can't be read: {error}",
            hint="the header is damaged; export it again",
            code="unreadable_file",
        ) from error
    if spacing is not None and min(spacing) <= 0:
        raise NodeError(
            f"{header.name} says its pixels are {spacing[1]:g} x {spacing[0]:g} mm",
            hint="the header is damaged; export it again",
            code="unreadable_file",
        )
    plane = plane or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    return Slice(
        member=header.member,
        frame=frame,
        sop=str(header.get("SOPInstanceUID", "")),
        size=(rows, columns),
        position=None if position is None else (position[0], position[1], position[2]),
        rows=_unit(plane[0:3], header),
        columns=_unit(plane[3:6], header),
        spacing=(spacing[0], spacing[1]) if spacing else (1.0, 1.0),
        slope=slope,
        intercept=intercept,
        padding=_padding(header),
        thickness=thickness,
        lookup="ModalityLUTSequence" in header.dataset,
        native=_native(header, frame or 0, rows * columns),
    )


def _native(header: Header, frame: int, pixels: int) -> Native | None:
    allocated = int(header.get("BitsAllocated", 0))
    if header.native is None or allocated not in (8, 16, 32):
        return None
    offset, length = header.native
    size = pixels * allocated // 8
    if (frame + 1) * size > length:
        return None  # pydicom says what is wrong with it
    bits = int(header.get("BitsStored", allocated))
    if int(header.get("HighBit", bits - 1)) != bits - 1 or not 1 <= bits <= allocated:
        return None
    kind = "i" if int(header.get("PixelRepresentation", 0)) else "u"
    return Native(offset + frame * size, f"<{kind}{allocated // 8}", bits)


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    if value is None or value == "":
        return None
    numbers = tuple(float(item) for item in value)
    if len(numbers) != count:
        raise ValueError(f"{count} numbers were expected, got {len(numbers)}")
    return numbers


def _number(value: Any) -> float | None:
    return None if value is None or value == "" else float(value)


def _unit(vector: tuple[float, ...], header: Header) -> Vector:
    length = sum(item * item for item in vector) ** 0.5
    if not 0.9 < length < 1.1:
        raise NodeError(
            f"{header.name} says its rows or columns lead nowhere "
            f"(Image Orientation (Patient) holds {', '.join(f'{v:g}' for v in vector)})",
            hint="the header is damaged; export it again",
            code="unreadable_file",
        )
    if abs(length - 1) < 1e-9:
        return (vector[0], vector[1], vector[2])
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def _padding(header: Header) -> tuple[int, int] | None:
    """PS3.3 C.7.5.1.1.2: one stored value, or a range of them."""
    value = header.get("PixelPaddingValue")
    if value is None:
        return None
    other = header.get("PixelPaddingRangeLimit", value)
    low, high = sorted((_stored(value, header), _stored(other, header)))
    return (low, high)


def _stored(value: Any, header: Header) -> int:
    """Some writers put a negative value where an unsigned one is expected, and vice versa."""
    number = int(value)
    signed = int(header.get("PixelRepresentation", 0)) == 1
    bits = int(header.get("BitsAllocated", 16))
    if signed and number >= 1 << (bits - 1):
        return number - (1 << bits)
    if not signed and number < 0:
        return number + (1 << bits)
    return number
