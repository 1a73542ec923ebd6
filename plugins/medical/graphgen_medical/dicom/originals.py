"""The originals as highdicom wants them: headers with geometry, without pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import geometry
from ..types import Source
from .derived import original_header

if TYPE_CHECKING:
    from pydicom import Dataset


def original_images(
    source: Source, deidentify: Callable[[Dataset], None] | None = None
) -> list[Dataset]:
    """One dataset for each original object of a DICOM source, in its order."""
    from pydicom.valuerep import format_number_as_ds as ds

    rows, columns, _ = geometry.directions(source.affine)
    plane = [ds(value) for value in (*rows, *columns)]
    places = [
        [ds(value) for value in geometry.apply(source.affine, (0, 0, index))]
        for index in range(len(source.slices))
    ]
    if source.frames:
        return [_multi_frame(source, plane, places, deidentify)]
    made = []
    for index, uid in enumerate(source.slices):
        if uid in source.slices[:index]:
            continue  # a slice that was interpolated names its neighbour
        one = _header(source, index, deidentify)
        one.ImagePositionPatient, one.ImageOrientationPatient = places[index], plane
        made.append(one)
    return made


def _header(source: Source, index: int, deidentify: Callable[[Dataset], None] | None) -> Dataset:
    one = original_header(source, index)
    one.SOPClassUID = source.sop_class
    if deidentify is not None:
        deidentify(one)
    for keyword in (
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
        "AccessionNumber", "StudyID", "ReferringPhysicianName", "Manufacturer",
    ):  # fmt: skip
        if keyword not in one:
            setattr(one, keyword, "")
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    one.InstanceNumber = index + 1
    return one


def _multi_frame(
    source: Source,
    plane: list[str],
    places: list[list[str]],
    deidentify: Callable[[Dataset], None] | None,
) -> Dataset:
    from pydicom import Dataset
    from pydicom.valuerep import format_number_as_ds as ds

    x, y, z = geometry.spacing(source.affine)
    one = _header(source, 0, deidentify)
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [ds(y), ds(x)], ds(z)
    orientation.ImageOrientationPatient = plane
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    one.SharedFunctionalGroupsSequence = [shared]
    by_number = dict(zip(source.frames, places, strict=True))
    groups = []
    for number in range(1, max(source.frames) + 1):
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = by_number.get(number, places[0])
        group.PlanePositionSequence = [position]
        groups.append(group)
    one.PerFrameFunctionalGroupsSequence = groups
    one.NumberOfFrames = len(groups)
    return one
