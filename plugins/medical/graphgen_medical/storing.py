"""How values of the pack are saved when they are named outputs of a run: as DICOM,
de-identified, wherever DICOM can say it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from graphgen import SaveTarget

from .types import Picture, Report, Segmentation, Volume

if TYPE_CHECKING:
    from PIL import Image as PillowImage


def save_volume(volume: Volume, target: SaveTarget) -> None:
    """A de-identified derived DICOM series, in a folder."""
    from .dicom.deidentify import Deidentifier
    from .dicom.derived import derived_series

    for one in derived_series(volume, deidentify=Deidentifier()):
        one.save_as(target.path(".dcm", folder=True), enforce_file_format=True)


def save_segmentation(segmentation: Segmentation, target: SaveTarget) -> None:
    """A de-identified DICOM segmentation; NIfTI where the source is no DICOM."""
    if segmentation.source.slices:
        from .dicom.deidentify import Deidentifier
        from .dicom.segmentation import segmentation_object

        made = segmentation_object(segmentation, deidentify=Deidentifier())
        made.save_as(target.path(".dcm"), enforce_file_format=True)
    else:
        from .nifti import write_labels

        write_labels(segmentation, target.path(".nii.gz"))


def save_picture(picture: Picture, target: SaveTarget) -> None:
    """A PNG, without the workflow in it: that names files, and those may name patients."""
    pillow_image(picture).save(target.path(".png"), format="PNG")


def save_report(report: Report, target: SaveTarget) -> None:
    """As JSON, and as a Markdown table."""
    rows = [{"what": what, "value": value, "unit": unit} for what, value, unit in report.rows]
    document = {"title": report.title, "rows": rows, "notes": list(report.notes)}
    # A figure may be infinite (PSNR of equal volumes), which JSON has no number for.
    for row in rows:
        if row["value"] != row["value"] or row["value"] in (float("inf"), float("-inf")):
            row["value"] = str(row["value"])
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    target.path(".json").write_text(text + "\n", encoding="utf-8")
    target.path(".md").write_text(report.markdown(), encoding="utf-8")


def pillow_image(picture: Picture) -> PillowImage.Image:
    """An 8-bit Pillow image, grey or RGB."""
    from PIL import Image

    return Image.fromarray(picture.pixels.cpu().contiguous().numpy())
