"""What the viewer in the editor reads: scans that runs saved, as NIfTI."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgen import GraphgenError, NodeError, Problem

from . import geometry
from .types import HOUNSFIELD

if TYPE_CHECKING:
    from aiohttp import web

    from .types import Segmentation

PREFIX = "/api/packs/medical"


async def scans(request: web.Request) -> web.Response:
    """What a run saved, by output: volumes with their unit and the window to begin with, and
    segmentations with the names of their labels."""
    parts = _services(request)
    from aiohttp import web

    found = await parts.call(_listed, parts, request.match_info["run"])
    return web.json_response(found)


async def scan(request: web.Request) -> web.Response:
    """An output as NIfTI-1: volumes as int16 or float32, segmentations as uint8 labels."""
    from aiohttp import web

    parts = _services(request)
    run, output = request.match_info["run"], request.match_info["output"]
    content = await parts.call(_nifti, parts, run, output)
    return web.Response(
        body=content,
        content_type="application/octet-stream",
        headers={"Cache-Control": "private, max-age=3600"},
    )


def routes() -> Iterable[web.RouteDef]:
    from aiohttp import web

    return [
        web.get(f"{PREFIX}/scans/{{run}}", scans),
        web.get(f"{PREFIX}/scans/{{run}}/{{output}}.nii", scan),
    ]


def _services(request: web.Request) -> Any:
    from graphgen.server import services

    return services(request)


def _listed(parts: Any, run: str) -> dict[str, Any]:
    from .windows import window_range

    volumes: dict[str, dict[str, Any]] = {}
    segmentations: dict[str, list[str]] = {}
    for output, files in _outputs(parts, run).items():
        kind = _kind(files)
        if kind == "segmentation":
            segmentations[output] = _names(files[0])
        elif kind == "volume":
            volume = _volume(files[:1])
            unit = volume.unit if volume.unit == HOUNSFIELD else ""
            volumes[output] = {"window": window_range(volume), "unit": unit}
    return {"volumes": volumes, "segmentations": segmentations}


def _nifti(parts: Any, run: str, output: str) -> bytes:
    from .nifti import nifti_bytes

    files = _outputs(parts, run).get(output, [])
    kind = _kind(files)
    if kind == "volume":
        return nifti_bytes(_volume(files))
    if kind == "segmentation":
        if files[0].name.endswith(".gz"):
            import gzip

            return gzip.decompress(files[0].read_bytes())
        from .dicom.segmentation import read_segmentation

        return nifti_bytes(_with_border(read_segmentation(files[0])))
    raise GraphgenError(
        Problem("no_scan", f"the output {output!r} of the run is no scan that can be shown")
    )


def _names(file: Path) -> list[str]:
    """What the labels from 1 on are; NIfTI does not say."""
    if file.suffix != ".dcm":
        return []
    import pydicom

    header = pydicom.dcmread(file, specific_tags=["SegmentSequence"], stop_before_pixels=True)
    return [str(segment.SegmentLabel) for segment in header.SegmentSequence]


def _with_border(segmentation: Segmentation) -> Segmentation:
    """With a voxel of background on all sides: DICOM leaves empty slices out, and NiiVue goes on
    with the outermost ones over the rest of the scan."""
    from torch.nn import functional

    padded = functional.pad(segmentation.labels, (1,) * 6)
    affine = geometry.cropped(segmentation.affine, (-1, -1, -1))
    return replace(segmentation, labels=padded, affine=affine)


def _outputs(parts: Any, run: str) -> dict[str, list[Path]]:
    """Files of a run by output, those that are still there."""
    root = parts.engine.workspace.outputs.resolve()
    found: dict[str, list[Path]] = {}
    for name, items in parts.queue.get(run).outputs.items():
        paths = [(root / item["file"]).resolve() for item in items if "file" in item]
        inside = [path for path in paths if path.is_relative_to(root) and path.is_file()]
        if inside:
            found[name] = inside
    return found


def _kind(files: list[Path]) -> str | None:
    import pydicom
    from pydicom.errors import InvalidDicomError

    if not files:
        return None
    if files[0].name.endswith(".nii.gz"):
        return "segmentation"  # volumes are saved as DICOM
    if files[0].suffix != ".dcm":
        return None
    try:
        header = pydicom.dcmread(files[0], stop_before_pixels=True, specific_tags=["SOPClassUID"])
    except (InvalidDicomError, OSError):
        return None
    name = header.SOPClassUID.name
    if name == "Segmentation Storage":
        return "segmentation"
    return "volume" if name in ("CT Image Storage", "MR Image Storage") else None


def _volume(files: list[Path]) -> Any:
    from .dicom.read import read_series

    try:
        return read_series(files[0].parent if len(files) > 1 else files[0], modality="any")
    except NodeError as error:
        raise GraphgenError(Problem(error.code, str(error), hint=error.hint)) from error
