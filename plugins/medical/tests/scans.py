"""Scans for the tests, written with pydicom: small phantoms with everything that identifies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, FileMetaDataset, Sequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RTStructureSetStorage,
    generate_uid,
)

DATA = Path(__file__).parents[1] / "data"
SECRETS = (
    "Quixote", "Alonso", "PID-48213", "19470316", "ACC-99812", "Dulcinea", "La Mancha General",
    "OTHER-771", "private words", "Rocinante 7", "Sancho",
)  # fmt: skip
"""Texts that no de-identified file may hold."""


def phantom(depth: int = 6, height: int = 20, width: int = 24) -> np.ndarray:
    """Hounsfield units: air, a body of water, lungs, a bone; different in every slice."""
    z, y, x = np.mgrid[0:depth, 0:height, 0:width].astype(np.float64)
    v, u = (y - height / 2 + 0.5) / height, (x - width / 2 + 0.5) / width
    hu = np.full((depth, height, width), -1000.0)
    hu[u**2 + v**2 < 0.2] = 40
    hu[(abs(u) - 0.2) ** 2 + v**2 < 0.015] = -850
    hu[u**2 + (v - 0.3) ** 2 < 0.004] = 700
    return np.round(hu + z * 3 + (x % 3))


def chest() -> np.ndarray:
    """Hounsfield units of a body with two lungs, large enough to be found on 4 x 4 x 10 mm."""
    z, y, x = np.mgrid[0:24, 0:96, 0:96].astype(np.float64)
    hu = np.full(z.shape, -1000.0)
    hu[(x - 48) ** 2 / 44**2 + (y - 48) ** 2 / 36**2 < 1] = 40
    for side in (28, 68):
        inside = (x - side) ** 2 / 14**2 + (y - 48) ** 2 / 22**2 + (z - 12) ** 2 / 10**2
        hu[inside < 1] = -850
    return hu


def ct_slices(
    hu: np.ndarray | None = None,
    *,
    spacing: tuple[float, float, float] = (0.8, 0.7, 2.5),
    origin: tuple[float, float, float] = (-10.0, -20.0, 100.0),
    plane: tuple[float, ...] = (1, 0, 0, 0, 1, 0),
    signed: bool = False,
    slope: float = 1.0,
    intercept: float = -1024.0,
    **attributes: Any,
) -> list[Dataset]:
    """One CT object for each slice of Hounsfield units, upwards along the normal.

    ``spacing`` is in millimetres between columns, rows and slices.
    """
    hu = phantom() if hu is None else hu
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    normal = np.cross(plane[:3], plane[3:])
    made = []
    for index, picture in enumerate(hu):
        one = identified(CTImageStorage, study, series, frame)
        one.Modality = "CT"
        one.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        one.SeriesNumber, one.InstanceNumber = 3, len(hu) - index
        one.SeriesDescription = "Chest 2.5"
        one.ImagePositionPatient = [
            round(float(v), 6) for v in np.array(origin) + normal * index * spacing[2]
        ]
        one.ImageOrientationPatient = list(plane)
        one.PixelSpacing = [spacing[1], spacing[0]]
        one.SliceThickness = spacing[2]
        one.KVP, one.ConvolutionKernel = 120, "B30f"
        one.RescaleSlope, one.RescaleIntercept, one.RescaleType = slope, intercept, "HU"
        set_pixels(one, (picture - intercept) / slope, signed=signed)
        for keyword, value in attributes.items():
            setattr(one, keyword, value)
        made.append(one)
    return made


def identified(sop_class: str, study: str, series: str, frame: str) -> Dataset:
    """An object that carries identifiers in every place that comes to mind."""
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID = sop_class
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID = generate_uid()
    one.SpecificCharacterSet = "ISO_IR 100"
    one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = study, series, frame
    one.PatientName, one.PatientID = "Quixote^Alonso", "PID-48213"
    one.PatientBirthDate, one.PatientSex = "19470316", "M"
    one.OtherPatientIDs = "OTHER-771"
    one.AccessionNumber, one.StudyID = "ACC-99812", "1"
    one.ReferringPhysicianName = "Dulcinea^Maria"
    one.OperatorsName = "Sancho^P"
    one.InstitutionName = "La Mancha General"
    one.StationName = "Rocinante 7"
    one.StudyDate, one.StudyTime = "20240501", "101500"
    one.SeriesDate, one.SeriesTime = "20240501", "102000"
    one.Manufacturer = "Windmill"
    block = one.private_block(0x0099, "SAILS 1.0", create=True)
    block.add_new(0x01, "LO", "private words")
    return one


def set_pixels(one: Dataset, stored: np.ndarray, signed: bool = False) -> None:
    values = np.asarray(np.round(stored), np.int16 if signed else np.uint16)
    one.Rows, one.Columns = values.shape[-2:]
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.BitsAllocated = one.BitsStored = 16
    one.HighBit, one.PixelRepresentation = 15, int(signed)
    one.PixelData = values.tobytes()


def write(slices: list[Dataset], folder: Path, stem: str = "im") -> Path:
    """Write objects as files of a folder, in an order that says nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(slices):
        one.save_as(
            folder / f"{stem}{(number * 7) % 101:03d}-{number}.dcm", enforce_file_format=True
        )
    return folder


def enhanced_ct(hu: np.ndarray) -> Dataset:
    """An enhanced multi-frame CT: geometry and rescale in functional groups."""
    one = identified(EnhancedCTImageStorage, generate_uid(), generate_uid(), generate_uid())
    one.Modality, one.SeriesNumber, one.InstanceNumber = "CT", 4, 1
    one.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    one.NumberOfFrames = len(hu)
    set_pixels(one, hu + 1024)
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([_item(PixelSpacing=[0.7, 0.8], SliceThickness=2.5)])
    shared.PlaneOrientationSequence = Sequence([_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])
    shared.PixelValueTransformationSequence = Sequence(
        [_item(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")]
    )
    one.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for index in range(len(hu)):
        frame = Dataset()
        # Downwards, so that the order of frames is not that of positions.
        position = [-10.0, -20.0, 100.0 - 2.5 * index]
        frame.PlanePositionSequence = Sequence([_item(ImagePositionPatient=position)])
        frames.append(frame)
    one.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return one


def rt_struct() -> Dataset:
    one = identified(RTStructureSetStorage, generate_uid(), generate_uid(), generate_uid())
    one.Modality = "RTSTRUCT"
    one.StructureSetLabel = "contours"
    return one


def mr_slices() -> list[Dataset]:
    made = ct_slices()
    for one in made:
        one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = MRImageStorage
        one.Modality = "MR"
        del one.RescaleSlope, one.RescaleIntercept, one.RescaleType
    return made


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
