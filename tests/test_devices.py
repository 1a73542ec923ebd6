"""The memory of devices: the machine's, and that of an accelerator, here the toy one."""

import gc
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphgen import devices
from tests.support import python
from tests.toy_device import DEVICE, MEMORY


def test_the_host_tells_its_memory_without_torch():
    code = (
        "import sys; from graphgen import devices\n"
        "free, total = devices.free_and_total('cpu')\n"
        "budget = devices.default_budget('cpu')\n"
        "devices.release('cpu')\n"
        "assert not devices.accelerators()\n"
        "print(0 < budget <= free <= total, 'torch' in sys.modules)"
    )
    assert python(code) == "True False"


def test_an_accelerator_tells_its_memory():
    import torch

    with MEMORY.limited(MEMORY.used + 1_000_000):
        kept = torch.zeros(50_000, device=DEVICE)

        free, total = devices.free_and_total(DEVICE)

        assert (free, total) == (800_000, MEMORY.limit)
        assert devices.default_budget(DEVICE) == 200_000
        assert devices.default_model_budget(DEVICE) == 560_000
        del kept
    devices.release(DEVICE)
    assert DEVICE in devices.accelerators()
    assert devices.held(DEVICE) >= 0
    gc.collect()


def test_what_the_allocator_keeps_for_later_is_free(monkeypatch):
    told = SimpleNamespace(
        mem_get_info=lambda device: (1000, 24_000),
        memory_reserved=lambda device: 20_000,
        memory_allocated=lambda device: 9000,
    )
    monkeypatch.setattr(devices, "_module", lambda device: told)
    assert devices.free_and_total("cuda:0") == (12_000, 24_000)
    assert devices.default_budget("cuda:0") == 3000


def test_a_device_that_sleeps_is_not_woken_to_be_waited_for(monkeypatch):
    def synchronize():
        raise AssertionError("it was woken")

    asleep = SimpleNamespace(is_initialized=lambda: False, synchronize=synchronize)
    monkeypatch.setattr(devices, "_module", lambda device: asleep)
    devices.wait("cuda:0")
    devices.use("cuda:0")  # one of a kind that has no current device


def test_only_the_host_and_mps_read_host_memory_at_once_or_too_late():
    told = {name: devices.copies_follow(name) for name in ("cpu", "mps:0", "cuda:1", "xpu:0")}
    assert told == {"cpu": False, "mps:0": False, "cuda:1": True, "xpu:0": True}


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    monkeypatch.setattr(devices, "_CGROUP", tmp_path)
    assert devices.free_and_total("cpu") == (600_000, 1_000_000)
    assert devices.default_budget("cpu") == 150_000
    assert devices.default_model_budget("cpu") == 300_000

    # Weights that were read are pages of their files, of which most of "current" may be.
    (tmp_path / "memory.current").write_text("990000\n")
    told = "anon 90000\nfile 900000\nshmem 0\ninactive_file 700000\nactive_file 150000\n"
    (tmp_path / "memory.stat").write_text(told)
    assert devices.free_and_total("cpu") == (860_000, 1_000_000)

    (tmp_path / "memory.max").write_text("max\n")
    assert devices.free_and_total("cpu")[1] > 1_000_000


def test_a_device_that_torch_does_not_know_has_no_memory_to_give():
    assert devices.free_and_total("fake:0") == (0, 0)
    assert devices.default_budget("fake:0") == 0
    assert devices.default_model_budget("fake:0") is None
    devices.release("fake:0")
    assert devices.held("fake:0") == 0
    assert devices.count("fake") == 0


@pytest.mark.parametrize(
    ("name", "full"),
    [("cpu", "cpu"), ("cpu:0", "cpu"), ("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("mps", "mps:0")],
)
def test_devices_have_one_name(name, full):
    assert devices.full_name(name) == full
    assert devices.is_host(name) == (full == "cpu")


def test_large_tensors_of_the_host_lie_in_huge_pages(tmp_path, monkeypatch):
    monkeypatch.delenv(devices.HUGE_PAGES, raising=False)  # an engine was here before
    offered = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not offered.is_file() or "[never]" in offered.read_text():
        pytest.skip("this system has no huge pages to ask for")
    code = (
        "import re, sys; from graphgen import Engine\n"
        "Engine(installed=False, workspace=sys.argv[1]).close()\n"
        "import torch\n"
        "tensor = torch.ones(16 << 20)\n"
        "address = tensor.data_ptr()\n"
        "for part in re.split(r'^(?=[0-9a-f]+-)', open('/proc/self/smaps').read(), flags=re.M):\n"
        "    begin, end = (int(x, 16) for x in part.split()[0].split('-')) if part else (0, 0)\n"
        "    if begin <= address < end:\n"
        "        print('hg' in part.partition('VmFlags:')[2].split())"
    )
    assert python(code, str(tmp_path)) == "True"
