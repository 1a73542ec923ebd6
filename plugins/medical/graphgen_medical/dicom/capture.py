"""A picture as a DICOM secondary capture (PS3.3 A.8), by highdicom."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..types import Picture, Volume
from .derived import RESEARCH, derivation, equipment, nearest_original, original_header

if TYPE_CHECKING:
    from pydicom import Dataset


def secondary_capture(
    picture: Picture,
    volume: Volume,
    *,
    deidentify: Callable[[Dataset], None] | None,
    description: str = "",
) -> Dataset:
    """A secondary capture in the study of the volume's originals."""
    import highdicom
    from pydicom.uid import generate_uid

    header = original_header(volume.source, nearest_original(volume, 0))
    if deidentify is not None:
        deidentify(header)
    pixels = picture.pixels.cpu().numpy()
    made: Any = highdicom.sc.SCImage(
        pixel_array=pixels,
        photometric_interpretation="MONOCHROME2" if pixels.ndim == 2 else "RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=header.StudyInstanceUID,
        series_instance_uid=generate_uid(),
        series_number=9200,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="graphgen",
        patient_id=header.get("PatientID"),
        patient_name=header.get("PatientName"),
        patient_birth_date=header.get("PatientBirthDate"),
        patient_sex=header.get("PatientSex") or None,
        accession_number=header.get("AccessionNumber"),
        study_id=header.get("StudyID"),
        study_date=header.get("StudyDate") or None,
        study_time=header.get("StudyTime") or None,
        patient_orientation=("L", "P"),
        transfer_syntax_uid="1.2.840.10008.1.2.1",
    )
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.SeriesDescription = (description or "Secondary capture, research only")[:64]
    made.DerivationDescription = derivation(volume)
    made.ContributingEquipmentSequence = [equipment()]
    made.BurnedInAnnotation = "NO"
    made.ImageComments = RESEARCH
    for keyword in ("PatientIdentityRemoved", "DeidentificationMethod"):
        if keyword in header:
            setattr(made, keyword, header.get(keyword))
    return made
