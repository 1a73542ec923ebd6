"""Medical CT for graphgen: DICOM, NIfTI and NRRD in; restored, measured, segmented; DICOM out.

A research tool and no medical device. Hooks only; nothing heavy is imported before a node
runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgen import EditorModule, ModelLoader, TypeSpec, hookimpl
from graphgen_nodes.image.types import Image

from . import load, reports, routes, save, segment, storing, view
from .measure import nodes as measure
from .measure.level import noise_level
from .measure.profile import profile
from .networks import loaders, repair, torchscript, upscale
from .networks.bundle import loader as bundle_loader
from .networks.bundle import node as bundle
from .preprocess import denoise, equalise, grid, intensity
from .preprocess.slices import take_slices
from .simulate import nodes as simulate
from .types import Picture, Report, Segmentation, Source, Volume

NETWORKS = Path(__file__).parent / "networks"

if TYPE_CHECKING:
    from aiohttp.web import RouteDef


@hookimpl
def graphgen_types() -> Iterable[TypeSpec]:
    return [
        TypeSpec(
            Volume,
            colour="#4fa3d1",
            save=storing.save_volume,
            load=load.load_volume,
            suffixes=load.SUFFIXES,
            folders=True,
            preview=view.preview_volume,
            parts=(Source,),
        ),
        TypeSpec(
            Segmentation,
            colour="#d16f4f",
            save=storing.save_segmentation,
            preview=view.preview_segmentation,
            parts=(Source,),
        ),
        TypeSpec(
            Picture,
            colour="#9b7fd4",
            conversions={Image: view.picture_to_image},
            save=storing.save_picture,
            preview=view.preview_picture,
        ),
        TypeSpec(Report, colour="#8a9a5b", save=storing.save_report),
    ]


@hookimpl
def graphgen_nodes() -> Iterable[Callable[..., Any]]:
    return [
        load.load,
        view.montage,
        reports.before_after,
        save.save_dicom,
        save.save_segmentation,
        save.save_capture,
        save.save_nifti,
        intensity.window,
        intensity.clip,
        intensity.standardise,
        equalise.equalise,
        equalise.clahe,
        take_slices,
        grid.resample,
        grid.crop_to_body,
        grid.orient,
        denoise.non_local_means,
        denoise.total_variation,
        denoise.bilateral,
        denoise.curvature_diffusion,
        segment.segment_lung,
        torchscript.segment_network,
        bundle.segment_bundle,
        repair.repair,
        upscale.upscale,
        simulate.simulate_low_dose,
        simulate.simulate_sparse_view,
        measure.compare,
        measure.noise,
        noise_level,
        profile,
    ]


@hookimpl
def graphgen_model_loaders() -> Mapping[str, ModelLoader]:
    return {
        loaders.REPAIR: loaders.RepairLoader(),
        torchscript.TORCHSCRIPT: torchscript.TorchScriptLoader(),
        bundle_loader.BUNDLE: bundle_loader.BundleLoader(),
    }


@hookimpl
def graphgen_models() -> Mapping[str, Path]:
    return {
        "ct-repair": NETWORKS / "ct-repair" / "ct-repair.safetensors",
        "ct-x4": NETWORKS / "ct-x4" / "ct-x4.safetensors",
    }


@hookimpl
def graphgen_routes() -> Iterable[RouteDef]:
    return routes.routes()


@hookimpl
def graphgen_editor_modules() -> Iterable[EditorModule]:
    module = Path(__file__).parent / "viewer" / "scan.js"
    return [EditorModule(module, types=("volume", "segmentation"))]
