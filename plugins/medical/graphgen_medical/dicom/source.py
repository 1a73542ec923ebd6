"""What a volume remembers of the files it was read from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..geometry import Affine
from ..types import Source
from .headers import Header
from .slices import Slice

if TYPE_CHECKING:
    from pydicom import Dataset

_LEFT_OUT_GROUPS = {0x0002, 0x0028, 0x5400, 0x7FE0, 0xFFFA, 0xFFFC}
"""File meta, image pixels, waveforms, pixel data, signatures, trailing padding."""
_KEPT = {
    0x00280010, 0x00280011,  # rows, columns
    0x00280030,  # pixel spacing
    0x00281050, 0x00281051,  # window centre and width
    0x00281052, 0x00281053,  # rescale intercept and slope
    0x00282110, 0x00282112, 0x00282114,  # lossy compression: yes, ratio, method
}  # fmt: skip
_OF_ONE_SLICE = {0x00080018, 0x00200013, 0x00200032, 0x00201041, 0x00280008}
"""SOP instance UID, instance number, position, location, number of frames."""


def source_of(headers: Sequence[Header], slices: Sequence[Slice], affine: Affine) -> Source:
    """The source of a volume made of ``slices``, in this order.

    The header keeps what all files share; private attributes are not even read.
    """
    first = headers[0].dataset
    return Source(
        header=json.dumps(_shared([header.dataset for header in headers])),
        slices=tuple(one.sop for one in slices),
        frames=tuple(one.frame + 1 for one in slices if one.frame is not None),
        sop_class=str(first.get("SOPClassUID", "")),
        kind="DICOM",
        affine=affine,
    )


def _shared(datasets: Sequence[Dataset]) -> dict[str, Any]:
    """Attributes of the first file that are the same in all; sequences, which refer to other
    objects and to procedures, are left out."""
    first, others = datasets[0], datasets[1:]
    shared: dict[str, Any] = {}
    for tag in list(first.keys()):  # decoding changes the dataset
        group = tag.group
        if group & 1 or 0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF:
            continue  # private, curves, overlays
        if tag in _OF_ONE_SLICE or (group in _LEFT_OUT_GROUPS and tag not in _KEPT):
            continue
        try:
            if first.get_item(tag).VR == "SQ" or not all(_same(first, o, tag) for o in others):
                continue
            shared[f"{int(tag):08X}"] = first[tag].to_json_dict(None, 0)
        except (ValueError, TypeError, NotImplementedError):
            continue  # a value that its own type does not allow is worth nothing elsewhere
    return shared


def _same(one: Dataset, other: Dataset, tag: Any) -> bool:
    """Whether two datasets agree in an attribute; compares the bytes where it can, since
    decoding every attribute of every slice takes longer than reading the pixels."""
    if tag not in other:
        return False
    mine, theirs = one.get_item(tag), other.get_item(tag)
    if type(mine) is not type(theirs):
        mine, theirs = one[tag], other[tag]
    return bool(mine.value == theirs.value)
