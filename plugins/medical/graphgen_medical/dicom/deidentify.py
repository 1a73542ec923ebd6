"""De-identification: what is not known to be harmless is left out, and dicognito replaces
what has to stay, consistently."""

from __future__ import annotations

import re
import secrets
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

REPLACED = (
    "PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate", "StudyTime",
    "AccessionNumber", "StudyID", "FrameOfReferenceUID", "SeriesInstanceUID", "SOPInstanceUID",
    "SourceImageSequence",
)  # fmt: skip
"""Kept because DICOM needs them; dicognito puts something else in their place."""
HARMLESS = (
    "SpecificCharacterSet", "SOPClassUID", "ImageType", "Modality", "PatientSex",
    "PatientPosition", "BodyPartExamined", "Laterality", "PatientOrientation",
    "Manufacturer", "ManufacturerModelName", "SeriesNumber", "AcquisitionNumber",
    "ScanOptions", "SliceThickness", "SpacingBetweenSlices", "KVP", "DataCollectionDiameter",
    "ReconstructionDiameter", "DistanceSourceToDetector", "DistanceSourceToPatient",
    "GantryDetectorTilt", "TableHeight", "RotationDirection", "ExposureTime", "XRayTubeCurrent",
    "Exposure", "ExposureInuAs", "FilterType", "GeneratorPower", "FocalSpots",
    "ConvolutionKernel", "RevolutionTime", "SingleCollimationWidth", "TotalCollimationWidth",
    "TableSpeed", "TableFeedPerRotation", "SpiralPitchFactor", "CTDIvol",
    "ExposureModulationType", "ScanningSequence", "SequenceVariant", "MRAcquisitionType",
    "RepetitionTime", "EchoTime", "EchoTrainLength", "InversionTime", "MagneticFieldStrength",
    "EchoNumbers", "FlipAngle", "ImagedNucleus", "ImagingFrequency", "NumberOfAverages",
    "Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
    "WindowCenter", "WindowWidth", "RescaleIntercept", "RescaleSlope", "RescaleType",
    "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod",
    "PositionReferenceIndicator",
)  # fmt: skip
"""Kept: how the picture was made. Free texts (descriptions, comments, protocol names), sites,
devices by serial number, people and everything else may hold a name, and are left out."""


IDENTIFIERS = (
    "PatientID", "OtherPatientIDs", "PatientBirthDate", "AccessionNumber", "IssuerOfPatientID",
    "AdmissionID", "MedicalRecordLocator", "OtherPatientNames",
)  # fmt: skip
"""Beside all names of people: what must not stand in a text that is kept."""
TEXTS = ("CS", "LO", "LT", "SH", "ST", "UC", "UT")
STRUCTURE = ("ImageType", "Modality", "PatientSex", "SpecificCharacterSet")
"""Coded values that DICOM can't do without."""
SHORTEST = 3  # letters; parts of names that are shorter stand in many words
METHOD = "dicognito; graphgen-medical keeps listed attributes only"


@cache
def secret_of_this_process() -> str:
    """So that what one process saves belongs together, and nobody can go back from it."""
    return secrets.token_hex(16)


class Deidentifier:
    """Puts pseudonyms in place of what identifies a patient.

    Args:
        key: The same key gives the same pseudonyms, for files that are saved in several
            runs; whoever has it can check a guess, so keep it secret. Without one, what one
            process saves is consistent, and another process gives other pseudonyms.
    """

    def __init__(self, key: str = "") -> None:
        from dicognito.anonymizer import Anonymizer

        self._anonymizer: Any = Anonymizer(seed=key or secret_of_this_process())

    def __call__(self, dataset: Dataset) -> None:
        """De-identify a dataset in place, its file meta information included."""
        from pydicom.datadict import keyword_for_tag

        words = _identifying(dataset)
        for tag in list(dataset.keys()):
            keyword = keyword_for_tag(tag)
            if keyword in REPLACED:
                continue
            if tag.is_private or keyword not in HARMLESS or _tells(dataset[tag], words):
                del dataset[tag]
        for keyword in ("PatientID", "PatientName"):
            if not dataset.get(keyword):
                setattr(dataset, keyword, "ANONYMOUS")
        self._anonymizer.anonymize(dataset)
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = METHOD


def _identifying(dataset: Dataset) -> set[str]:
    """Names and IDs in an object, in lower case, a name by its parts."""
    found: set[str] = set()
    for element in dataset.iterall():
        if element.VR == "PN" or element.keyword in IDENTIFIERS:
            found.update(re.split(r"[\^=\s\\]+", str(element.value).lower()))
    return {word for word in found if len(word) >= SHORTEST}


def _tells(element: DataElement, words: set[str]) -> bool:
    """Whether a text holds one of the words, as people write names into any field."""
    if element.VR not in TEXTS or element.keyword in STRUCTURE:
        return False
    value = str(element.value).lower()
    return any(word in value for word in words)
