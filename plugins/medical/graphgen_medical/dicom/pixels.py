"""Stored values to float32: decoded, padding replaced, rescaled (PS3.3 C.11.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from graphgen import NodeError

from .files import Member
from .headers import damaged
from .slices import Slice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AIR = -1024.0
"""What padding of CT becomes, in Hounsfield units."""


def read_pixels(
    slices: Sequence[Slice],
    *,
    hounsfield: bool,
    progress: Callable[[int, int], object] = lambda step, total: None,
) -> NDArray[np.float32]:
    """The values of slices, ``[depth, height, width]``, rescaled to their output units.

    Voxels outside the reconstruction (Pixel Padding Value) become -1024 HU in CT, and 0 in
    other modalities.

    Raises:
        NodeError: A file has no pixels, is cut off, or is packed in an unknown way; or its
            rescale slope is 0 or missing.
    """
    import numpy as np

    for one in slices:
        _check_rescale(one, hounsfield)
    rows, columns = slices[0].size
    volume = np.empty((len(slices), rows, columns), np.float32)
    for done, (index, stored) in enumerate(_stored(slices), start=1):
        one, target = slices[index], volume[index]
        if stored.shape != (rows, columns):
            raise damaged(one.member, f"its pixels are {stored.shape}, not {(rows, columns)}")
        outside = _outside(one, stored)
        if one.native is not None:
            stored = _without_other_bits(stored, one.native.bits)
        if one.lookup:
            target[...] = _looked_up(one, stored)
        else:
            slope = 1.0 if one.slope is None else one.slope
            np.multiply(stored, np.float32(slope), out=target, casting="unsafe")
            if one.intercept:
                target += np.float32(one.intercept)
        if outside is not None:
            target[outside] = AIR if hounsfield else 0.0
        progress(done, len(slices))
    return volume


def _check_rescale(one: Slice, hounsfield: bool) -> None:
    name = one.member.name
    if one.lookup:
        return
    if one.slope == 0:
        raise NodeError(
            f"{name} has a rescale slope of 0, which would make every voxel the same",
            hint="the header is wrong; ask for the original export",
            code="bad_rescale",
        )
    if hounsfield and (one.slope is None or one.intercept is None):
        raise NodeError(
            f"{name} has no rescale slope and intercept, so its values are no Hounsfield units",
            hint="choose the original series, or set modality to any to read stored values",
            port="modality",
            code="bad_rescale",
        )


def _stored(slices: Sequence[Slice]) -> Iterator[tuple[int, NDArray[Any]]]:
    """The stored values of each slice with its index, file by file."""
    files: dict[Member, list[int]] = {}
    for index, one in enumerate(slices):
        files.setdefault(one.member, []).append(index)
    for member, indices in files.items():
        with member.open() as stream:
            if all(slices[index].native is not None for index in indices):
                for index in indices:
                    yield index, _native(slices[index], stream)
            else:
                frames = [slices[index].frame or 0 for index in indices]
                yield from zip(indices, _decoded(member, stream, frames), strict=True)


def _native(one: Slice, stream: BinaryIO) -> NDArray[Any]:
    import numpy as np

    assert one.native is not None
    dtype = np.dtype(one.native.dtype)
    expected = one.size[0] * one.size[1] * dtype.itemsize
    stream.seek(one.native.offset)
    data = stream.read(expected)
    if len(data) < expected:
        raise damaged(one.member, f"{len(data):,} of {expected:,} bytes of pixels are there")
    return np.frombuffer(data, dtype).reshape(one.size)


def _decoded(member: Member, stream: BinaryIO, frames: list[int]) -> Iterator[NDArray[Any]]:
    import pydicom
    from pydicom.pixels import iter_pixels

    try:
        dataset = pydicom.dcmread(stream, force=True)
        if "PixelData" not in dataset and "FloatPixelData" not in dataset:
            raise NodeError(
                f"{member.name} has a header but no pixel data",
                hint="it was exported without its images; export it again",
                code="no_pixel_data",
            )
        yield from iter_pixels(dataset, indices=frames, raw=True)
    except (RuntimeError, NotImplementedError) as error:
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        raise NodeError(
            f"the pixels of {member.name} can't be unpacked "
            f"({getattr(syntax, 'name', 'unknown transfer syntax')})",
            hint="the file is damaged, or packed in a rare way: export it uncompressed "
            "(Explicit VR Little Endian)",
            code="unreadable_file",
        ) from error
    except (ValueError, EOFError, OSError, TypeError, LookupError, AttributeError) as error:
        raise damaged(member, error) from error


def _outside(one: Slice, stored: NDArray[Any]) -> NDArray[Any] | None:
    if one.padding is None:
        return None
    low, high = one.padding
    return stored == low if low == high else (stored >= low) & (stored <= high)


def _without_other_bits(stored: NDArray[Any], bits: int) -> NDArray[Any]:
    """Old scanners keep overlays in the bits above those that are stored."""
    import numpy as np

    allocated = stored.dtype.itemsize * 8
    if bits == allocated:
        return stored
    if stored.dtype.kind == "u":
        highest = (1 << bits) - 1
        return stored & stored.dtype.type(highest) if stored.max() > highest else stored
    limit = 1 << (bits - 1)
    if stored.max() < limit and stored.min() >= -limit:
        return stored
    return np.right_shift(np.left_shift(stored, allocated - bits), allocated - bits)


def _looked_up(one: Slice, stored: NDArray[Any]) -> NDArray[Any]:
    """A modality LUT, which some film digitisers have instead of slope and intercept."""
    import pydicom
    from pydicom.pixels import apply_modality_lut

    with one.member.open() as stream:
        header = pydicom.dcmread(stream, force=True, stop_before_pixels=True)
        return apply_modality_lut(stored, header)
