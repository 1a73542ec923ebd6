"""The toy device counts what a GPU would, so that tests without one can trust it."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.toy_device import DEVICE, MEMORY


@pytest.fixture(autouse=True)
def _counts():
    MEMORY.reset()


@pytest.fixture(params=[False, True], ids=["normal", "inference"])
def mode(request):
    with torch.inference_mode(request.param):
        yield


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.GroupNorm(2, 8),
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(512, 5),
    )


def test_results_are_those_of_the_cpu(mode):
    image = torch.rand(2, 3, 8, 8)
    wanted = network()(image)
    made = network().to(DEVICE)(image.to(DEVICE))
    assert made.device == torch.device(DEVICE)
    assert torch.equal(made.cpu(), wanted)


def test_attention_and_indexing_are_those_of_the_cpu(mode):
    query = torch.rand(1, 2, 16, 4)
    wanted = functional.scaled_dot_product_attention(query, query, query)
    inside = query.to(DEVICE)
    made = functional.scaled_dot_product_attention(inside, inside, inside)
    assert torch.allclose(made.cpu(), wanted, atol=1e-6)
    assert torch.equal(inside[:, 1, ::2].contiguous().cpu(), query[:, 1, ::2])
    halves = torch.cat([part * 2 for part in inside.chunk(2, dim=2)], dim=2)
    assert torch.equal(halves.cpu(), query * 2)


def test_bytes_are_counted_by_storage():
    before = MEMORY.used
    whole = torch.zeros(100, device=DEVICE)
    view = whole[:10].view(2, 5)
    assert MEMORY.used == before + 400
    del whole
    assert MEMORY.used == before + 400
    del view
    assert MEMORY.used == before
    assert MEMORY.peak >= before + 400


def test_a_change_in_place_takes_no_memory(mode):
    ones = torch.ones(4, device=DEVICE)
    before = MEMORY.used
    ones[:2] += 1
    torch.add(ones, ones, out=ones)
    assert MEMORY.used == before
    assert ones.tolist() == [4, 4, 2, 2]


def test_views_of_what_was_made_outside_can_be_taken_in_inference_mode():
    outside = torch.ones(4, 4, device=DEVICE)
    with torch.inference_mode():
        inside = [outside[:2].view(-1), outside.t(), *outside.chunk(2), outside.expand(2, 4, 4)]
        assert not any(view.is_inference() for view in inside)
        assert (outside + 1).is_inference()
    outside.add_(1)
    assert inside[0].tolist() == [2] * 8


def test_more_than_there_is_raises_and_takes_nothing():
    kept = torch.zeros(10, device=DEVICE)
    before = MEMORY.used
    with MEMORY.limited(before + 399):
        with pytest.raises(torch.OutOfMemoryError, match="400 bytes; 399 are free"):
            torch.zeros(100, device=DEVICE)
        assert torch.get_device_module(DEVICE).mem_get_info() == (399, before + 399)
    assert MEMORY.used == before
    assert MEMORY.failures == 1
    assert (torch.zeros(100, device=DEVICE) + kept[0]).sum() == 0


def test_copies_and_waits_are_counted(mode):
    tensor = torch.ones(4, 4).to(DEVICE, non_blocking=True)
    assert (MEMORY.copied_in, MEMORY.copied_out, MEMORY.waits) == (1, 0, 0)
    tensor.cpu()
    tensor.to("cpu", torch.float16)
    torch.empty(4, 4).copy_(tensor)
    assert (MEMORY.copied_in, MEMORY.copied_out, MEMORY.waits) == (1, 3, 3)
    torch.empty(4, 4).copy_(tensor, non_blocking=True)
    tensor.to("cpu", non_blocking=True)
    assert (MEMORY.copied_out, MEMORY.waits) == (5, 3)
    torch.empty(4, 4, device=DEVICE).copy_(torch.ones(4, 4), non_blocking=True)
    assert (MEMORY.copied_in, MEMORY.waits) == (2, 3)
    torch.empty(4, 4, device=DEVICE).copy_(torch.ones(4, 4))
    torch.ones(4, 4).to(DEVICE)
    assert (MEMORY.copied_in, MEMORY.waits) == (4, 5)
    MEMORY.waits = 3
    tensor.sum().item()
    bool(tensor[0, 0] > 0)
    tensor[tensor > 0]
    assert MEMORY.waits == 6
    (tensor * 2 + tensor).softmax(0).clamp(0, 1)
    assert MEMORY.waits == 6


def test_host_memory_can_be_pinned():
    tensor = torch.ones(3)
    pinned = tensor.pin_memory()
    assert pinned.is_pinned()
    assert pinned[1:].is_pinned()
    assert not tensor.is_pinned()


def test_threads_may_use_it_at_once():
    before = MEMORY.used

    def work():
        for size in range(1, 200):
            total = torch.ones(size, device=DEVICE) + 1
            assert total.sum().item() == 2 * size

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert MEMORY.used == before
    assert MEMORY.waits == 4 * 199


def test_modules_move_there_and_back():
    before = MEMORY.used
    moved = network().to(DEVICE)
    bytes_of = sum(weight.nbytes for weight in moved.parameters())
    assert MEMORY.used == before + bytes_of
    moved.to("cpu")
    assert MEMORY.used == before


def test_tensors_of_the_host_are_not_taken_for_the_devices(mode):
    inside, outside = torch.ones(3, device=DEVICE), torch.ones(3)
    for work in (
        lambda: inside + outside,
        lambda: torch.cat([inside, outside]),
        lambda: torch.stack([inside[0], outside[0]]),
        lambda: torch.where(outside > 0, inside, 0.0),
        lambda: inside.add_(outside),
    ):
        with pytest.raises(RuntimeError, match="on the same device"):
            work()
    assert (inside * outside[0]).tolist() == [1, 1, 1]  # a single number is taken along
    assert inside[torch.tensor([0, 2])].tolist() == [1, 1]
    inside[torch.tensor([1])] = 5.0
    assert inside.tolist() == [1, 5, 1]


def test_there_is_one_device():
    with pytest.raises(RuntimeError, match="the only one"):
        torch.zeros(1, device="toy:1")
