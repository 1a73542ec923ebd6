"""What is measured on a GPU runs without one: the same functions on the CPU, with a tiny model,
and on the toy device."""

from __future__ import annotations

import pytest
from graphgen_benchmarks import accelerator, gpu, suite

from tests.nodes.diffusion import tiny
from tests.toy_device import DEVICE, MEMORY


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(gpu, "save_sd15", lambda folder, quick: tiny.save_sd(folder))
    for name, value in {"SIZE": 64, "DTYPE": "float32", "WARM": 1}.items():
        monkeypatch.setattr(gpu, name, value)
    monkeypatch.setattr(gpu, "STOCK", {"stock": {}})
    monkeypatch.setattr(gpu, "OURS", {"as it is": {}, "channels last": {"channels_last": True}})


def test_pictures_of_both_sides_are_compared(small, tmp_path):
    figures = list(gpu._pictures(tmp_path, True, "cpu"))
    assert [figure.reach for figure in figures] == [None, None, 1 / 1.5, None]
    assert all(figure.baseline > 0 and figure.ours > 0 for figure in figures if figure.unit == "s")
    assert "64x64, 4 steps, float32, channels last, against stock: time" in figures[2].name


def test_copies_go_through_pinned_memory(monkeypatch):
    MEMORY.reset()
    (figure,) = gpu.copies(DEVICE, 1 << 20, 2)
    assert figure.name == "1 MiB to host memory and back on toy: pinned"
    assert figure.baseline > 0
    assert MEMORY.copied_in == MEMORY.copied_out == 14


def test_the_device_has_done_its_work_when_the_clock_is_read():
    MEMORY.reset()
    accelerator.clocked_on(DEVICE, lambda: MEMORY.count("waits"))
    assert MEMORY.waits == 3  # before, the work itself, and after


def test_without_a_gpu_the_part_is_left_out(monkeypatch):
    monkeypatch.setattr(accelerator, "default_device", lambda: "cpu")
    with pytest.raises(suite.Missing, match="no CUDA or ROCm device") as missing:
        list(suite.figures("gpu", True))
    assert not missing.value.library
