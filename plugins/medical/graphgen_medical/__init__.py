"""Medical CT for graphgen: DICOM, NIfTI and NRRD in; restored, measured, segmented; DICOM out.

A research tool and no medical device. Hooks only; nothing heavy is imported before a node
runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graphgen import TypeSpec, hookimpl

from .measure import nodes as measure
from .measure.profile import profile
from .simulate import nodes as simulate
from .types import Report, Segmentation, Source, Volume


@hookimpl
def graphgen_types() -> Iterable[TypeSpec]:
    return [
        TypeSpec(Volume, colour="#4fa3d1", parts=(Source,)),
        TypeSpec(Segmentation, colour="#d16f4f", parts=(Source,)),
        TypeSpec(Report, colour="#8a9a5b"),
    ]


@hookimpl
def graphgen_nodes() -> Iterable[Callable[..., Any]]:
    return [
        simulate.simulate_low_dose,
        simulate.simulate_sparse_view,
        measure.compare,
        measure.noise,
        profile,
    ]
