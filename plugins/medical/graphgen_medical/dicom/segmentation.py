"""Labels as a DICOM segmentation object (PS3.3 A.51), by highdicom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgen import NodeError

from .. import geometry
from ..types import Segmentation
from .derived import RESEARCH
from .originals import original_images

if TYPE_CHECKING:
    from pydicom import Dataset

_CODES = {
    # SNOMED CT, as PS3.16 CID 7192 (Anatomical Structure Segmentation Property Types) has them
    "lung": ("39607008", "Lung"),
    "lungs": ("39607008", "Lung"),
    "left lung": ("44029006", "Left lung"),
    "right lung": ("3341006", "Right lung"),
    "airway": ("44567001", "Trachea"),
    "trachea": ("44567001", "Trachea"),
    "heart": ("80891009", "Heart"),
    "aorta": ("15825003", "Aorta"),
    "liver": ("10200004", "Liver"),
    "spleen": ("78961009", "Spleen"),
    "kidney": ("64033007", "Kidney"),
    "bone": ("272673000", "Bone"),
    "body": ("38266002", "Entire body"),
}
_STRUCTURE = ("123037004", "Body structure")


def segmentation_object(
    segmentation: Segmentation,
    *,
    deidentify: Callable[[Dataset], None] | None,
    description: str = "",
) -> Dataset:
    """A binary segmentation object with one segment for each name, in the study and frame of
    reference of the originals.

    Raises:
        NodeError: The source is no DICOM, or nothing is labelled.
    """
    import highdicom
    import numpy as np
    from pydicom.sr.coding import Code
    from pydicom.uid import generate_uid

    if not segmentation.source.slices:
        kind = segmentation.source.kind or "no file"
        raise NodeError(
            f"a DICOM segmentation refers to DICOM images, the source is {kind}",
            hint="save the labels as NIfTI",
            code="not_dicom",
        )
    labels = segmentation.labels.cpu().numpy()
    if not labels.any():
        raise NodeError(
            "nothing is labelled, and DICOM has no segmentation without a segment",
            hint="check that the scan shows what is looked for",
            code="empty_segmentation",
        )
    originals = original_images(segmentation.source, deidentify)
    version = _version()
    segments = []
    for number, name in enumerate(segmentation.names, start=1):
        value, meaning = _CODES.get(name.lower().strip(), _STRUCTURE)
        segments.append(
            highdicom.seg.SegmentDescription(
                segment_number=number,
                segment_label=name[:64],
                segmented_property_category=Code("123037004", "SCT", "Anatomical Structure"),
                segmented_property_type=Code(value, "SCT", meaning),
                algorithm_type="AUTOMATIC" if segmentation.automatic else "MANUAL",
                algorithm_identification=_algorithm(segmentation, version),
            )
        )
    made: Any = highdicom.seg.Segmentation(
        source_images=originals,
        pixel_array=highdicom.Volume(
            np.ascontiguousarray(labels),
            # highdicom counts slices, rows, columns.
            np.array(geometry.permuted(segmentation.affine, (2, 1, 0))),
            coordinate_system="PATIENT",
            frame_of_reference_uid=originals[0].FrameOfReferenceUID,
        ),
        segmentation_type="BINARY",
        segment_descriptions=segments,
        series_instance_uid=generate_uid(),
        series_number=9100,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="graphgen",
        manufacturer_model_name="graphgen-medical",
        software_versions=version,
        device_serial_number="none",
        content_description=RESEARCH,
        content_label="SEGMENTATION",
        omit_empty_frames=True,
    )
    made.SeriesDescription = (description or ", ".join(segmentation.names))[:64]
    return made


def read_segmentation(path: Path) -> Segmentation:
    """The labels of a segmentation object, on the grid of its frames."""
    import highdicom
    import numpy as np
    import torch

    made: Any = highdicom.seg.segread(path)
    grid = made.get_volume(combine_segments=True)
    return Segmentation(
        torch.from_numpy(np.ascontiguousarray(grid.array, dtype=np.uint8)),
        tuple(str(segment.SegmentLabel) for segment in made.SegmentSequence),
        geometry.permuted(geometry.as_affine(grid.affine.tolist()), (2, 1, 0)),
        method="Read from DICOM.",
    )


def _algorithm(segmentation: Segmentation, version: str) -> Any:
    import highdicom
    from pydicom.sr.coding import Code

    if not segmentation.automatic:
        return None
    return highdicom.AlgorithmIdentificationSequence(
        name=(segmentation.method or "graphgen-medical")[:64],
        family=Code("123101", "DCM", "Neighborhood Analysis"),
        version=version,
        source="graphgen-medical",
    )


def _version() -> str:
    from importlib.metadata import version

    return version("graphgen-medical")
