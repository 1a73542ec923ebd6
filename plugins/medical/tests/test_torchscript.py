from __future__ import annotations

import pytest
import torch
from graphgen import Context, ModelRef, NodeError
from graphgen.environment import Environment
from graphgen.models.library import ModelLibrary
from graphgen.models.pool import ModelPool

from graphgen_medical import geometry
from graphgen_medical.networks.torchscript import (
    TORCHSCRIPT,
    TorchScriptLoader,
    segment_network,
)
from graphgen_medical.types import Volume

from .phantoms import AXES


class Threshold(torch.nn.Module):
    """Background up to a half, label 1 above, label 2 above nine tenths."""

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        high = (given > 0.5).float()
        return torch.cat([1 - high, high, high * 2 * (given > 0.9).float()], dim=1)


@pytest.fixture
def context(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    torch.jit.script(Threshold()).save(str(models / "threshold.pt"))
    torch.save({"weights": torch.zeros(3)}, models / "weights.pt")
    (models / "rubbish.pt").write_bytes(b"rubbish")

    def make(**options):
        library = ModelLibrary([models], {})
        pool = ModelPool({TORCHSCRIPT: TorchScriptLoader()})
        return Context(environment=Environment(models=library), pool=pool, **options)

    return make


def box() -> Volume:
    """0 HU around a box of 200 HU, a third of which is 300 HU."""
    data = torch.zeros(20, 30, 40)
    data[5:15, 6:24, 9:31] = 200.0
    data[5:15, 6:24, 9:16] = 300.0
    return Volume(data, geometry.compose((5.0, -7.0, 2.0), (1.0, 1.2, 2.0), AXES))


SETTINGS = {"low": 0.0, "high": 310.0, "window_x": 24, "window_y": 24, "window_z": 24}


@pytest.mark.parametrize("order", ["xyz", "zyx"])
@pytest.mark.parametrize("spacing", [0.0, 0.8])
def test_labels_lie_on_the_volumes_grid(context, order, spacing):
    volume, seen = box(), []
    made = segment_network(
        volume,
        "threshold.pt",
        "soft, hard",
        x=spacing,
        y=spacing,
        z=spacing,
        order=order,
        **SETTINGS,
        ctx=context(report=lambda step, total, _: seen.append((step, total))),
    )
    expected = (volume.data > 155).int() + (volume.data > 279).int()
    assert made.labels.shape == volume.data.shape
    assert float((made.labels == expected).float().mean()) > (0.999 if spacing == 0 else 0.95)
    assert made.affine == volume.affine
    assert made.names == ("soft", "hard")
    assert seen[-1][0] == seen[-1][1] == max(step for step, _ in seen)


@pytest.mark.parametrize("name", ["weights.pt", "rubbish.pt"])
def test_other_files_are_refused(context, name):
    with pytest.raises(NodeError, match="no TorchScript") as caught:
        segment_network(box(), name, "a, b", ctx=context())
    assert caught.value.code == "wrong_model"


def test_names_must_fit_the_labels(context):
    with pytest.raises(NodeError, match="2 labels") as caught:
        segment_network(box(), "threshold.pt", "one", x=0, y=0, z=0, **SETTINGS, ctx=context())
    assert caught.value.port == "names"


def test_the_loader_counts_bytes(tmp_path):
    path = tmp_path / "linear.pt"
    torch.jit.script(torch.nn.Linear(4, 5)).save(str(path))
    model = TorchScriptLoader().load(ModelRef(TORCHSCRIPT, str(path), ""), "cpu", torch.float32)
    assert TorchScriptLoader().nbytes(model) == 100
