"""A volume as a new DICOM series, derived from the one it was read from.

One object for each slice: CT (PS3.3 A.3) or MR (A.4). Each says that it is derived and how,
names the originals (General Reference, C.12.4), and belongs to their study and frame of
reference, so that viewers show it in its place beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from graphgen import NodeError

from .. import geometry
from ..types import HOUNSFIELD, Source, Volume
from ..windows import scanner_window
from .deidentify import secret_of_this_process

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom import Dataset

RESEARCH = "Research only, not for diagnosis or treatment."
IMPLEMENTATION = "GRAPHGEN_MEDICAL"
_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
}
_LONGEST_TEXT = 1024
_REPLACED = (
    "InstanceCreationDate", "InstanceCreationTime", "SeriesDate", "SeriesTime", "ContentDate",
    "ContentTime", "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime", "SeriesInstanceUID",
    "SeriesDescription", "PixelSpacing", "NumberOfFrames",
)  # fmt: skip


def derived_series(
    volume: Volume,
    *,
    description: str = "",
    deidentify: Callable[[Dataset], None] | None,
) -> Iterator[Dataset]:
    """The objects of a new series, slice by slice, with file meta information.

    Hounsfield units are rounded to whole numbers (or to the source's rescale slope, if that
    is finer); other values to one 65,535th of their range.

    Args:
        description: Series description; says what was done unless it is given.
        deidentify: Takes identifiers out of what is copied from the originals; None keeps
            them.

    Raises:
        NodeError: The volume is sheared, or of a modality that needs what nobody knows.
    """
    from pydicom.uid import generate_uid

    sop_class = _CLASSES.get(volume.modality)
    if sop_class is None:
        raise NodeError(
            f"a derived DICOM series can be CT or MR, the volume is {volume.modality}",
            hint="save it as NIfTI",
            code="wrong_modality",
        )
    if _sheared(volume):
        raise NodeError(
            "the volume is sheared, which DICOM slices can't say",
            hint="resample it first",
            code="sheared",
        )
    series = generate_uid()
    rescale = _Rescale(volume)
    for index in range(volume.data.shape[0]):
        one = original_header(volume.source, nearest_original(volume, index))
        _refer(one, volume.source, nearest_original(volume, index))
        if deidentify is not None:
            deidentify(one)
        _describe(one, volume, sop_class, series, index, description)
        _place(one, volume, index)
        rescale.write(one, volume.data[index].cpu().numpy())
        yield one


def original_header(source: Source, index: int | None) -> Dataset:
    """What is known of an original slice, without pixels; for a source that is no DICOM, a
    study of a nameless patient. What DICOM needs and a header may lack all the same, study and
    frame of reference, is the same for all that one process saves of a source."""
    from pydicom import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    one = Dataset.from_json(source.header) if source.header else Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if not source.header:
        one.PatientName, one.PatientID = "Anonymous", "ANONYMOUS"
        one.SpecificCharacterSet = "ISO_IR 100"
    grid = repr((secret_of_this_process(), source.kind, source.slices[:1], source.affine))
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
        if not one.get(keyword):
            setattr(one, keyword, generate_uid(entropy_srcs=[grid, keyword]))
    if index is not None:
        one.SOPInstanceUID = source.slices[index]
    return one


def nearest_original(volume: Volume, index: int) -> int | None:
    """Which original slice lies nearest to a slice of the volume; None without originals."""
    source = volume.source
    if not source.slices:
        return None
    _, height, width = volume.data.shape
    place = geometry.apply(volume.affine, ((width - 1) / 2, (height - 1) / 2, index))
    normal = geometry.directions(source.affine)[2]
    start = geometry.origin(source.affine)
    along = geometry.dot((place[0] - start[0], place[1] - start[1], place[2] - start[2]), normal)
    nearest = round(along / geometry.spacing(source.affine)[2])
    return min(max(nearest, 0), len(source.slices) - 1)


def derivation(volume: Volume) -> str:
    """What was done to the originals, at most 1024 characters (VR ST)."""
    text = " ".join(map(_sentence, volume.steps)) or "Saved without a change to its values."
    room = _LONGEST_TEXT - len(RESEARCH) - 1
    if len(text) > room:
        text = text[: room - 4].rsplit(" ", 1)[0] + " ..."
    return f"{text.encode('ascii', 'replace').decode()} {RESEARCH}"


def _sentence(step: str) -> str:
    step = step.strip()
    return step[:1].upper() + step[1:] + ("" if step.endswith(".") else ".")


def equipment() -> Dataset:
    """An item of the Contributing Equipment Sequence (C.12.1): this software."""
    from importlib.metadata import version

    from pydicom import Dataset

    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code("109103", "Modifying Equipment")]
    item.Manufacturer, item.ManufacturerModelName = "graphgen", "graphgen-medical"
    item.SoftwareVersions = version("graphgen-medical")
    item.ContributionDescription = RESEARCH
    return item


def code(value: str, meaning: str) -> Dataset:
    """A code of DICOM's own terminology (PS3.16)."""
    from pydicom import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def stamp(one: Dataset) -> None:
    """File meta information, and the moment of creation."""
    import time

    from pydicom.uid import generate_uid

    one.SOPInstanceUID = generate_uid()
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    one.file_meta.ImplementationVersionName = IMPLEMENTATION
    one.InstanceCreationDate = one.ContentDate = time.strftime("%Y%m%d")
    one.InstanceCreationTime = one.ContentTime = time.strftime("%H%M%S")


def _refer(one: Dataset, source: Source, index: int | None) -> None:
    if index is None:
        return
    from pydicom import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = source.sop_class
    item.ReferencedSOPInstanceUID = source.slices[index]
    if source.frames:
        item.ReferencedFrameNumber = source.frames[index]
    purpose = code("121322", "Source image for image processing operation")
    item.PurposeOfReferenceCodeSequence = [purpose]
    one.SourceImageSequence = [item]


def _describe(
    one: Dataset, volume: Volume, sop_class: str, series: str, index: int, description: str
) -> None:
    kind = list(one.get("ImageType", []))
    for keyword in _REPLACED:
        if keyword in one:
            del one[keyword]
    for keyword in (
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
        "AccessionNumber", "StudyID", "ReferringPhysicianName", "Manufacturer",
        "PositionReferenceIndicator", "AcquisitionNumber",
    ):  # fmt: skip
        if keyword not in one:  # type 2: empty where unknown
            setattr(one, keyword, "" if keyword != "AcquisitionNumber" else None)
    one.SOPClassUID, one.Modality = sop_class, volume.modality
    if volume.modality == "CT" and "KVP" not in one:
        one.KVP = None
    stamp(one)
    one.SeriesInstanceUID = series
    number = int(one.get("SeriesNumber") or 0)
    one.SeriesNumber = 9000 + number % 1000
    one.InstanceNumber = index + 1
    one.SeriesDescription = (description or "Derived, research only")[:64]
    one.ImageType = ["DERIVED", "SECONDARY", kind[2] if len(kind) > 2 else "AXIAL"]
    one.DerivationDescription = derivation(volume)
    one.ContributingEquipmentSequence = [*one.get("ContributingEquipmentSequence", []), equipment()]
    one.BurnedInAnnotation = "NO"


def _place(one: Dataset, volume: Volume, index: int) -> None:
    from pydicom.valuerep import format_number_as_ds as ds

    x, y, z = volume.spacing
    rows, columns, _ = geometry.directions(volume.affine)
    one.ImagePositionPatient = [ds(v) for v in geometry.apply(volume.affine, (0, 0, index))]
    one.ImageOrientationPatient = [ds(v) for v in (*rows, *columns)]
    one.PixelSpacing = [ds(y), ds(x)]
    one.SpacingBetweenSlices = ds(z)
    originals = geometry.spacing(volume.source.affine)[2] if volume.source.slices else None
    if "SliceThickness" not in one or (originals and not math.isclose(z, originals, rel_tol=1e-3)):
        one.SliceThickness = ds(z)


def _sheared(volume: Volume) -> bool:
    x, y, z = geometry.directions(volume.affine)
    return max(abs(geometry.dot(a, b)) for a, b in ((x, y), (y, z), (x, z))) > 1e-4


class _Rescale:
    """Slope, intercept and 16-bit values, the same for the whole series."""

    def __init__(self, volume: Volume) -> None:
        from pydicom.valuerep import format_number_as_ds

        low, high = float(volume.data.min()), float(volume.data.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise NodeError("the volume holds values that are no numbers (NaN or infinite)")
        self.unit = volume.unit
        slope, intercept = (high - low) / 65535 or 1.0, low
        if volume.unit == HOUNSFIELD:
            finest = min(_finest(volume.source), 1.0)
            base = min(-1024.0, float(math.floor(low)))
            if high - base <= 65535 * finest:
                slope, intercept = finest, base
        # As it is written, so that what is read is what was meant.
        self.slope = float(format_number_as_ds(slope))
        self.intercept = float(format_number_as_ds(intercept))
        self.window = _window(volume, low, high)

    def write(self, one: Dataset, values: NDArray[np.float32]) -> None:
        import numpy as np
        from pydicom.valuerep import format_number_as_ds as ds

        stored = np.rint((values.astype(np.float64) - self.intercept) / self.slope)
        stored = stored.clip(0, 65535).astype("<u2")
        one.Rows, one.Columns = values.shape
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated = one.BitsStored = 16
        one.HighBit, one.PixelRepresentation = 15, 0
        one.RescaleSlope, one.RescaleIntercept = ds(self.slope), ds(self.intercept)
        one.RescaleType = self.unit
        one.WindowCenter, one.WindowWidth = (ds(value) for value in self.window)
        one.add_new("PixelData", "OW", stored.tobytes())


def _finest(source: Source) -> float:
    from pydicom import Dataset

    slope: Any = Dataset.from_json(source.header).get("RescaleSlope") if source.header else None
    return abs(float(slope)) if slope else 1.0


def _window(volume: Volume, low: float, high: float) -> tuple[float, float]:
    """Centre and width to begin with: that of the originals for Hounsfield units."""
    if volume.unit == HOUNSFIELD:
        return scanner_window(volume.source) or (40.0, 400.0)
    return ((low + high) / 2, max(high - low, 1e-6))
