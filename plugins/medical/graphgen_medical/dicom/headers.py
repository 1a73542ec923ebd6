"""Headers of DICOM files, sorted into series; what is no image is told apart by its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from graphgen import NodeError

from .files import Member, members

if TYPE_CHECKING:
    from pydicom import Dataset

BARE_SUFFIXES = (".dcm", ".ima", ".dicom")
"""Of files that are taken for DICOM though they lack the preamble of PS3.10."""
_DIRECTORY = "1.2.840.10008.1.3.10"
_NO_PICTURES = (
    "1.2.840.10008.5.1.4.1.1.66.4",  # segmentation
    "1.2.840.10008.5.1.4.1.1.66.7",  # label map segmentation
    "1.2.840.10008.5.1.4.1.1.481.2",  # RT dose
)
_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
"""Transfer syntaxes: implicit and explicit VR, little endian."""
_MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET"}


@dataclass(frozen=True)
class Header:
    """A DICOM file without its pixels.

    Attributes:
        native: Where uncompressed little-endian pixels begin in the file, and how many bytes
            they are; None if they are packed otherwise.
    """

    member: Member
    dataset: Dataset
    native: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        return self.member.name

    def get(self, keyword: str, default: Any = None) -> Any:
        try:
            value = self.dataset.get(keyword)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise damaged(self.member, f"{keyword} can't be read: {error}") from error
        return default if value is None or value == "" else value

    @property
    def is_image(self) -> bool:
        """Whether it is a picture of the patient; labels and doses have rows as well."""
        sized = "Rows" in self.dataset and "Columns" in self.dataset
        return sized and self.dataset.get("SOPClassUID") not in _NO_PICTURES

    @property
    def kind(self) -> str:
        """What the object is, as DICOM names it: ``RT Structure Set Storage``."""
        uid = self.dataset.get("SOPClassUID")
        return str(getattr(uid, "name", "") or "an unknown object")


@dataclass
class Series:
    """The images of one series instance UID."""

    uid: str
    headers: list[Header] = field(default_factory=list)

    @property
    def number(self) -> str:
        return str(self.headers[0].get("SeriesNumber", ""))

    @property
    def description(self) -> str:
        return str(self.headers[0].get("SeriesDescription", ""))

    @property
    def modality(self) -> str:
        return str(self.headers[0].get("Modality", "")).upper()

    def __str__(self) -> str:
        label = f"number {self.number}" if self.number else f"UID {self.uid}"
        said = f" {self.description!r}" if self.description else ""
        files = len(self.headers)
        return f"{label}{said} ({self.modality}, {files} {'image' if files == 1 else 'images'})"


def read_series_headers(path: Path, wanted: str = "", modality: str = "any") -> Series:
    """The one image series at ``path``, or the one that is wanted.

    Args:
        path: A folder, a zip archive or a file.
        wanted: Series instance UID, series number or series description.
        modality: Of several series, one of this modality is preferred.

    Raises:
        NodeError: There is none, or it is not clear which.
    """
    looked = members(path)
    headers = [header for member in looked if (header := _read(member)) is not None]
    images = [header for header in headers if header.is_image]
    if not images:
        raise _no_images(path, looked, headers)
    found: dict[str, Series] = {}
    for header in images:
        uid = str(header.get("SeriesInstanceUID", ""))
        found.setdefault(uid, Series(uid)).headers.append(header)
    series = sorted(found.values(), key=lambda one: (one.number.zfill(8), one.uid))
    if wanted:
        return _chosen(series, wanted)
    patients = {_patient(header) for header in images}
    if len(patients) > 1 and len(series) > 1:
        raise NodeError(
            f"{path.name} holds images of {len(patients)} patients: {_listed(series)}",
            hint="give the folder of one patient, or choose a series by its number or UID",
            port="series",
            code="several_patients",
        )
    fitting = [one for one in series if one.modality == modality] or series
    if len(fitting) > 1:
        raise NodeError(
            f"{path.name} holds {len(fitting)} series: {_listed(fitting)}",
            hint="choose one: set series to its number, description or UID",
            port="series",
            code="several_series",
        )
    return fitting[0]


def check_one_patient(series: Series) -> None:
    """Raise ``NodeError`` if a series mixes patients, as files sorted by hand may."""
    patients = Counter(_patient(header) for header in series.headers)
    if len(patients) > 1:
        counts = ", ".join(str(count) for count in sorted(patients.values(), reverse=True))
        raise NodeError(
            f"one series mixes {len(patients)} patients ({counts} images): their patient IDs, "
            "names or birth dates differ",
            hint="keep the files of one patient only",
            code="several_patients",
        )


def check_modality(series: Series, modality: str) -> None:
    """Raise ``NodeError`` unless the series is of that modality."""
    if modality in ("any", series.modality):
        return
    found = _MODALITIES.get(series.modality, series.modality or "of unknown modality")
    units = ", whose values are no Hounsfield units" if modality == "CT" else ""
    raise NodeError(
        f"the series is {found}{units}, but {modality} was expected",
        hint=f"choose a {modality} series, or set modality to any",
        port="modality",
        code="wrong_modality",
    )


def _read(member: Member) -> Header | None:
    """The header of a file; None for a file that is no DICOM, and for a DICOMDIR."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    with member.open() as stream:
        start = stream.read(132)
        bare = start[128:132] != b"DICM"
        if bare and not member.name.lower().endswith(BARE_SUFFIXES):
            return None
        stream.seek(0)
        try:
            dataset = pydicom.dcmread(stream, force=bare, stop_before_pixels=True)
            native = _native_pixels(stream, dataset)
        except (InvalidDicomError, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise damaged(member, error) from error
    uid = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    if uid is None and not ("Rows" in dataset and "SeriesInstanceUID" in dataset):
        if bare:
            return None
        raise damaged(member, "the header ends before it says what the file is")
    if "Rows" not in dataset and str(getattr(uid, "name", "")).endswith("Image Storage"):
        raise damaged(member, "an image whose header ends before it says its size")
    return None if uid == _DIRECTORY else Header(member, dataset, native)


def _native_pixels(stream: BinaryIO, dataset: Dataset) -> tuple[int, int] | None:
    """Position and length of native pixel data, which reading stopped in front of."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax not in _NATIVE:
        return None
    start = stream.tell()
    head = stream.read(12)
    if len(head) < 12 or head[:4] != b"\xe0\x7f\x10\x00":
        return None
    explicit = syntax != _NATIVE[0]
    if explicit and head[4:6] not in (b"OW", b"OB"):
        return None
    length = int.from_bytes(head[8:12] if explicit else head[4:8], "little")
    return None if length == 0xFFFFFFFF else (start + (12 if explicit else 8), length)


def damaged(member: Member, error: object) -> NodeError:
    """What to say of a file that can't be understood."""
    return NodeError(
        f"{member.name} is a damaged or truncated DICOM file: {error}",
        hint="copy or export it again",
        code="unreadable_file",
    )


def _patient(header: Header) -> tuple[str, str, str]:
    fields = ("PatientID", "PatientName", "PatientBirthDate")
    one, two, three = (str(header.get(field, "")).strip() for field in fields)
    return (one, two, three)


def _chosen(series: list[Series], wanted: str) -> Series:
    by_uid = [one for one in series if one.uid == wanted]
    by_number = [one for one in series if one.number == wanted]
    said = wanted.casefold().strip()
    by_text = [one for one in series if one.description.casefold().strip() == said]
    fitting = by_uid or by_number or by_text
    if len(fitting) == 1:
        return fitting[0]
    message = f"{len(fitting)} series are" if fitting else "there is no series"
    raise NodeError(
        f"{message} called {wanted!r}; there are: {_listed(fitting or series)}",
        hint="a series UID names exactly one" if fitting else None,
        port="series",
        code="several_series" if fitting else "unknown_series",
    )


def _listed(series: list[Series], most: int = 12) -> str:
    named = Counter(map(str, series))
    shown = "; ".join(
        f"{one}, UID {one.uid}" if named[str(one)] > 1 else str(one) for one in series[:most]
    )
    return shown if len(series) <= most else f"{shown}; and {len(series) - most} more"


def _no_images(path: Path, looked: list[Member], headers: list[Header]) -> NodeError:
    kinds = Counter(header.kind for header in headers)
    if not kinds:
        return NodeError(
            f"{path.name} holds no DICOM file ({len(looked)} files were looked at)",
            hint="give a folder, a zip archive or a file of a CT series; or .nii, .nii.gz, .nrrd",
            code="no_images",
        )
    what = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common())
    if any("RT Structure Set" in kind for kind in kinds):
        hint = "contours lie in an RT-STRUCT without the images they were drawn on; add those"
    else:
        hint = "export the images themselves, too"
    return NodeError(f"{path.name} holds no images, only {what}", hint=hint, code="no_images")
