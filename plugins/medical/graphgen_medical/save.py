"""Scans to files, as DICOM or NIfTI. Identifiers are taken out before anything is written,
unless that is switched off."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from graphgen import Context, NodeError, node
from pydantic import Field

from . import nifti
from .types import Picture, Segmentation, Volume

if TYPE_CHECKING:
    from .dicom.deidentify import Deidentifier

Name = Annotated[
    str, Field(pattern=r"^[\w .-]{1,80}$", description="Of the file or folder, without ending.")
]
Deidentify = Annotated[
    bool, Field(description="Take out what identifies the patient. Off keeps names and IDs.")
]
Key = Annotated[
    str,
    Field(description="The same secret gives the same pseudonyms in other runs; empty: new ones."),
]
Description = Annotated[
    str, Field(max_length=64, description="Series description. Put no name into it.")
]


class SavedFiles(NamedTuple):
    paths: Annotated[list[str], Field(description="The files written.")]


@node("medical/save_dicom", title="Save DICOM series", volatile=True)
def save_dicom(
    volume: Volume,
    name: Name = "series",
    description: Description = "",
    packing: Annotated[
        Literal["folder", "zip"], Field(description="One file for each slice, or all in a zip.")
    ] = "folder",
    deidentify: Deidentify = True,
    key: Key = "",
    *,
    ctx: Context,
) -> SavedFiles:
    """Write a derived CT or MR series that opens in its place beside the originals.

    Each slice is a new object, marked DERIVED and SECONDARY, with what was done in its
    derivation description and a reference to its original; study and frame of reference are
    those of the source. Hounsfield units are rounded to whole numbers, other values to 16
    bits over their range. De-identified by default: names, dates, IDs and UIDs are replaced
    by dicognito, free texts and private attributes are left out.
    """
    from .dicom.derived import derived_series

    depth = volume.data.shape[0]
    objects = derived_series(
        volume, description=description, deidentify=_deidentifier(deidentify, key)
    )
    with _new(ctx.outputs, name) as folder:
        for number, one in enumerate(objects, start=1):
            one.save_as(folder / f"{number:04}.dcm", enforce_file_format=True)
            ctx.progress(number, depth)
        names = sorted(os.listdir(folder))
        if packing == "zip":
            with zipfile.ZipFile(folder / "series.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                for file in names:
                    archive.write(folder / file, file)
            return SavedFiles([str(_publish(folder / "series.zip", ctx.outputs, name, ".zip"))])
        place = _publish(folder, ctx.outputs, name, "")
    return SavedFiles([str(place / file) for file in names])


@node("medical/save_segmentation", title="Save segmentation", volatile=True)
def save_segmentation(
    segmentation: Segmentation,
    name: Name = "segmentation",
    format: Annotated[
        Literal["dicom", "nifti"], Field(description="DICOM-SEG, or labels as NIfTI.")
    ] = "dicom",
    description: Description = "",
    deidentify: Deidentify = True,
    key: Key = "",
    *,
    ctx: Context,
) -> SavedFiles:
    """Write labels as a DICOM segmentation object (DICOM-SEG), or as NIfTI.

    The object refers to the images it was made on, and lies in their frame of reference. With
    the same key (or in the same run) its pseudonyms are those of a series saved beside it.
    """
    with _new(ctx.outputs, name) as folder:
        if format == "nifti":
            file, ending = folder / "labels.nii.gz", ".nii.gz"
            nifti.write_labels(segmentation, file)
        else:
            from .dicom.segmentation import segmentation_object

            file, ending = folder / "labels.dcm", ".dcm"
            made = segmentation_object(
                segmentation, description=description, deidentify=_deidentifier(deidentify, key)
            )
            made.save_as(file, enforce_file_format=True)
        return SavedFiles([str(_publish(file, ctx.outputs, name, ending))])


@node("medical/save_capture", title="Save secondary capture", volatile=True)
def save_capture(
    picture: Picture,
    volume: Volume,
    name: Name = "capture",
    description: Description = "",
    deidentify: Deidentify = True,
    key: Key = "",
    *,
    ctx: Context,
) -> SavedFiles:
    """Write a picture, such as a montage, as a DICOM secondary capture.

    The volume says which study it belongs to.
    """
    from .dicom.capture import secondary_capture

    with _new(ctx.outputs, name) as folder:
        file = folder / "capture.dcm"
        made = secondary_capture(
            picture, volume, description=description, deidentify=_deidentifier(deidentify, key)
        )
        made.save_as(file, enforce_file_format=True)
        return SavedFiles([str(_publish(file, ctx.outputs, name, ".dcm"))])


@node("medical/save_nifti", title="Save NIfTI", volatile=True)
def save_nifti(volume: Volume, name: Name = "volume", *, ctx: Context) -> SavedFiles:
    """Write a volume as gzipped NIfTI-1, float32, in RAS; it holds no identifiers."""
    with _new(ctx.outputs, name) as folder:
        file = folder / "volume.nii.gz"
        nifti.write_nifti(volume, file)
        return SavedFiles([str(_publish(file, ctx.outputs, name, ".nii.gz"))])


def _deidentifier(wanted: bool, key: str) -> Deidentifier | None:
    from .dicom.deidentify import Deidentifier

    return Deidentifier(key) if wanted else None


@contextmanager
def _new(outputs: Path, name: str) -> Iterator[Path]:
    """A folder aside, gone at the end, so that nothing half-written is ever seen."""
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=outputs, prefix=".partial-") as aside:
            folder = Path(aside) / "files"
            folder.mkdir()
            yield folder
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise NodeError(
            f"{name} can't be written in {outputs}: {error.strerror or error}",
            hint="free some space" if full else "is the folder read-only?",
            code="disk_full" if full else "write_failed",
        ) from error


def _publish(made: Path, outputs: Path, name: str, ending: str) -> Path:
    """Move a file or folder to its place: ``name``, or ``name-2`` and on."""
    number = 1
    while True:
        stem = name.strip(" .") or "scan"
        place = outputs / f"{stem}{'' if number == 1 else f'-{number}'}{ending}"
        number += 1
        if place.exists():
            continue
        shutil.move(made, place)
        return place
