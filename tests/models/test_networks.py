"""Torch networks in the pool: mapped, shared, moved, streamed, within budgets."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from graphgen.activity import Activity
from graphgen.models import books
from graphgen.models.mapped import MappedFiles
from graphgen.models.pool import ModelPool
from tests.models.tiny_networks import LAYER, WIDTH, Loader, Network, patched, save
from tests.toy_device import DEVICE, MEMORY

F32 = torch.float32
linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not say what is mapped")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def loader():
    return Loader()


@pytest.fixture
def pool(loader):
    return ModelPool({"test/network": loader})


@pytest.fixture
def ref(tmp_path):
    return save(tmp_path / "a.safetensors")


def budgeted(loader, device=None, host=None, **options):
    budgets = {name: size for name, size in ((DEVICE, device), ("cpu", host)) if size is not None}
    return ModelPool({"test/network": loader}, budgets, **options)


def answer(pool, ref, device=DEVICE, **options):
    x = torch.linspace(-1, 1, WIDTH)[None]
    with pool.use(ref, device, F32, **options) as network:
        assert str(network.device) == device
        return network(x.to(device)).cpu()


def expected(ref):
    """By torch alone, in memory of its own."""
    network = Network(ref.option("layers"), ref.option("tied"))
    network.load_state_dict(load_file(ref.path), strict=False)
    for patch in ref.patches:
        network.layers[int(patch.fingerprint)].weight.data += patch.weight
    with torch.no_grad():
        return network(torch.linspace(-1, 1, WIDTH)[None].clone())


def same(made, wanted, device=DEVICE):
    """On the device bit for bit. On the CPU the order of a sum depends on where a tensor
    begins, and a file's pages begin elsewhere than memory of torch's own."""
    if device == DEVICE:
        return torch.equal(made, wanted)
    return torch.allclose(made, wanted, rtol=0, atol=1e-6)


def pointers(network):
    return {n: t.untyped_storage().data_ptr() for n, t in network.state_dict().items()}


def on_device(network):
    return {n: t.raw.untyped_storage().data_ptr() for n, t in network.named_parameters()}


def private_bytes():
    """Memory of this process that is no page of a file."""
    with open("/proc/self/smaps_rollup") as lines:
        fields = dict(line.split(":") for line in lines if line.count(":") == 1)
    return int(fields["Anonymous"].split()[0]) << 10


# Mapped


@linux
def test_weights_are_pages_of_their_file(pool, tmp_path):
    ref = save(tmp_path / "large.safetensors", layers=2000)  # 8 MB
    before = private_bytes()
    with pool.use(ref, "cpu", F32) as network:
        total = sum(float(tensor.sum()) for tensor in network.parameters())
        assert total == total
        assert private_bytes() - before < 2000 * LAYER / 2
    size = 2000 * LAYER + 4
    assert pool.usage() == {"cpu": size}
    assert pool.statistics().devices["cpu"].mapped == size


@linux
def test_a_conversion_is_a_copy_and_said_to_be(pool, ref):
    with pool.use(ref, "cpu", torch.bfloat16):
        pass
    assert pool.statistics().devices["cpu"].mapped == 0


@linux
def test_back_from_the_device_the_file_is_the_copy(pool, ref):
    with pool.use(ref, "cpu", F32) as network:
        home = pointers(network)
    first = answer(pool, ref)
    assert pool.usage() == {DEVICE: 4 * LAYER + 4}
    copied = MEMORY.copied_out
    pool.evict(DEVICE)
    assert MEMORY.copied_out == copied
    assert pool.usage() == {"cpu": 4 * LAYER + 4}
    with pool.use(ref, "cpu", F32) as network:
        assert pointers(network) == home
    assert torch.equal(first, answer(pool, ref))
    assert pool.loads == 1


def test_what_is_no_file_comes_back_by_a_copy(pool, ref):
    with pool.use(ref, DEVICE, torch.bfloat16) as network:
        there = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    pool.evict(DEVICE)
    assert MEMORY.used == 0
    with pool.use(ref, "cpu", torch.bfloat16) as network:
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, there[name])
    assert pool.loads == 1


@linux
def test_a_file_that_was_written_to_is_read_again(pool, ref):
    before = answer(pool, ref, "cpu")
    state = {name: value.clone() + 1 for name, value in load_file(ref.path).items()}
    save_file(state, ref.path + ".other")
    with open(ref.path, "r+b") as file, open(ref.path + ".other", "rb") as other:
        file.write(other.read())
    os.utime(ref.path, ns=(1, 1))
    assert not torch.equal(answer(pool, ref, "cpu"), before)
    assert pool.loads == 2


def test_a_file_that_was_replaced_or_removed_lives_on(pool, ref, loader):
    before = answer(pool, ref, "cpu")
    save(ref.path + ".other", seed=1)
    os.replace(ref.path + ".other", ref.path)
    assert torch.equal(answer(pool, ref, "cpu"), before)
    os.unlink(ref.path)
    assert same(answer(pool, ref), before, "cpu")
    assert pool.loads == 1


# Shared


@pytest.mark.parametrize("device", ["cpu", DEVICE])
def test_patched_networks_share_the_tensors_of_their_base(pool, ref, device):
    def addresses(network):
        return on_device(network) if device == DEVICE else pointers(network)

    one, two = patched(ref, 0.5), patched(ref, 0.25, layer=2)
    with (
        pool.use(ref, device, F32) as base,
        pool.use(one, device, F32) as first,
        pool.use(two, device, F32) as second,
    ):
        there = addresses(base)
        for network, own in ((first, "layers.1.weight"), (second, "layers.2.weight")):
            differ = {n for n, at in addresses(network).items() if at != there[n]}
            assert differ == {own}
        assert pool.usage()[device] == 4 * LAYER + 4 + 2 * 4 * WIDTH * WIDTH
        if device == DEVICE:
            assert MEMORY.used == pool.usage()[device]
    for which in (one, two, ref):
        assert same(answer(pool, which, device), expected(which), device)


def test_the_base_is_what_it_was_when_patches_go(pool, ref):
    with pool.use(ref, DEVICE, F32) as base:
        before = {name: tensor.cpu() for name, tensor in base.state_dict().items()}
        for amount in (1.0, 2.0, -1.0):
            answer(pool, patched(ref, amount))
        pool.free()
        assert pool.usage() == {DEVICE: 4 * LAYER + 4}
        for name, tensor in base.state_dict().items():
            assert torch.equal(tensor.cpu(), before[name])


def test_patched_networks_need_no_base_on_the_device(pool, ref):
    answer(pool, patched(ref, 1.0))
    assert MEMORY.used == pool.usage()[DEVICE] == 4 * LAYER + 4
    answer(pool, patched(ref, 2.0))
    assert MEMORY.used == 4 * LAYER + 4 + 4 * WIDTH * WIDTH


def test_room_for_a_patch_is_made_without_sending_the_base_away(loader, ref):
    """A budget for the base and the layer of one patch: patches take turns."""
    pool = budgeted(loader, 4 * LAYER + 4 + 4 * WIDTH * WIDTH)
    answer(pool, patched(ref, 0.0))
    MEMORY.reset()
    for amount in (1.0, 2.0, 3.0):
        which = patched(ref, amount)
        assert torch.equal(answer(pool, which), expected(which))
    assert MEMORY.copied_in - 3 <= 3  # beside the inputs, one tensor for each patch


# Streamed


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("layers_that_fit", [2, 3.5])
def test_a_network_larger_than_the_budget_is_streamed(loader, tmp_path, tied, layers_that_fit):
    ref = save(tmp_path / "a.safetensors", layers=8, tied=tied)
    budget = int(layers_that_fit * LAYER) + 4
    pool = budgeted(loader, budget)
    MEMORY.reset()
    assert torch.equal(answer(pool, ref), expected(ref))
    (model,) = pool.statistics().models
    assert model.offloaded
    assert MEMORY.peak <= budget + 8 * 4 * WIDTH  # and what passes between the layers
    assert pool.usage()[DEVICE] <= budget
    assert same(answer(pool, ref, "cpu"), expected(ref), "cpu")
    assert MEMORY.used == 0
    assert pool.loads == 1


def test_streaming_can_be_asked_for_and_ends_when_it_is_not(pool, ref):
    whole = answer(pool, ref)
    assert torch.equal(answer(pool, ref, offload=True), whole)
    assert pool.statistics().models[0].offloaded
    assert pool.usage()[DEVICE] == MEMORY.used + LAYER
    assert torch.equal(answer(pool, ref), whole)
    assert not pool.statistics().models[0].offloaded
    assert MEMORY.used == 4 * LAYER + 4
    assert pool.loads == 1


@pytest.mark.parametrize("offload", [False, True])
def test_copies_of_weights_are_not_waited_for(offload, pool, ref):
    x = torch.ones(1, WIDTH, device=DEVICE)
    MEMORY.reset()
    with pool.use(ref, DEVICE, F32, offload=offload) as network:
        network(x)
    assert MEMORY.copied_in > 0
    assert MEMORY.waits == 0


def test_a_streamed_network_comes_as_a_whole_when_there_is_room_again(loader, tmp_path):
    a, b = (save(tmp_path / f"{n}.safetensors", seed=n) for n in range(2))
    pool = budgeted(loader, 7 * LAYER)
    with pool.use(a, DEVICE, F32):
        assert torch.equal(answer(pool, b), expected(b))
        assert [m.offloaded for m in pool.statistics().models] == [False, True]
        assert MEMORY.used <= 7 * LAYER
    assert torch.equal(answer(pool, b), expected(b))
    assert not pool.statistics().models[-1].offloaded


def test_on_the_host_nothing_is_streamed(pool, ref):
    with pool.use(ref, "cpu", F32, offload=True) as network:
        assert not any(module._forward_pre_hooks for module in network.modules())


def test_a_layer_that_fails_leaves_nothing_on_the_device(pool, ref):
    with pool.use(ref, DEVICE, F32, offload=True) as network:
        x = torch.ones(1, WIDTH, device=DEVICE)
        used = MEMORY.used
        with pytest.raises(RuntimeError, match="shape"):
            network.layers[0](x[:, 1:])
        with MEMORY.limited(used + LAYER // 2), pytest.raises(torch.OutOfMemoryError):
            network.layers[0](x)
        assert MEMORY.used == used
    assert torch.equal(answer(pool, ref, offload=True), expected(ref))


# Failures, threads and budgets


def test_out_of_memory_on_the_way_leaves_it_on_the_host(pool, ref, loader):
    with MEMORY.limited(2 * LAYER), pytest.raises(torch.OutOfMemoryError):
        answer(pool, ref)
    assert MEMORY.used == 0
    assert pool.usage() == {"cpu": 4 * LAYER + 4}
    assert torch.equal(answer(pool, ref), expected(ref))
    assert len(loader.loaded) == 1


def test_what_was_done_is_told(loader, tmp_path):
    seen: list[Activity] = []
    a, b = (save(tmp_path / f"{n}.safetensors", seed=n) for n in range(2))
    pool = budgeted(loader, 5 * LAYER, 5 * LAYER, observe=seen.append)
    for ref in (a, b, a):
        answer(pool, ref)
    told = [(done.kind, done.name.split()[0], done.device, done.to) for done in seen]
    one, two = "0.safetensors", "1.safetensors"
    assert told == [
        ("load", one, "cpu", ""),
        ("move", one, "cpu", DEVICE),
        ("load", two, "cpu", ""),
        ("evict", one, DEVICE, "cpu"),
        ("move", two, "cpu", DEVICE),
        ("evict", two, DEVICE, "cpu"),
        ("move", one, "cpu", DEVICE),
    ]
    assert all(done.nbytes == 4 * LAYER + 4 and done.seconds >= 0 for done in seen)
    counted = pool.statistics()
    assert (counted.loads, counted.hits, counted.moves, counted.drops) == (2, 0, 5, 0)


def test_default_budgets_are_asked_for_once_and_shown(loader, ref):
    asked = []

    def ask(device):
        asked.append(device)
        return 100 * LAYER

    pool = budgeted(loader, host=50 * LAYER, default_budget=ask)
    answer(pool, ref)
    answer(pool, ref)
    assert asked == [DEVICE]
    shown = pool.statistics().devices
    assert {n: d.budget for n, d in shown.items()} == {DEVICE: 100 * LAYER, "cpu": 50 * LAYER}


USES = st.lists(
    st.tuples(
        st.integers(0, 2),  # which file
        st.sampled_from([None, 0.5, 1.0]),  # patched by so much
        st.sampled_from(["cpu", DEVICE, DEVICE]),
        st.booleans(),  # offload
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def refs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    return [save(folder / f"{n}.safetensors", layers=3 + n, seed=n) for n in range(3)]


@given(uses=USES, device=st.integers(3, 12), host=st.integers(0, 12))
def test_any_uses_give_the_same_answers_within_budgets(refs, uses, device, host):
    pool = budgeted(Loader(), device * LAYER, host * LAYER)
    base = MEMORY.used
    for which, amount, where, offload in uses:
        ref = refs[which] if amount is None else patched(refs[which], amount)
        MEMORY.reset()
        assert same(answer(pool, ref, where, offload=offload), expected(ref), where)
        assert MEMORY.peak - base <= device * LAYER + 8 * 4 * WIDTH
        usage = pool.usage()
        assert usage.get(DEVICE, 0) <= device * LAYER
        assert usage.get("cpu", 0) <= host * LAYER
    pool.free()
    assert pool.usage() == {}
    assert MEMORY.used == base


def test_many_threads_agree(refs):
    pool = budgeted(Loader(), 14 * LAYER, 10 * LAYER)
    wanted = [ref for base in refs for ref in (base, patched(base, 0.5), patched(base, 1.0))]
    truth = [expected(ref) for ref in wanted]
    start = threading.Barrier(4)

    def work(thread):
        start.wait()
        for round in range(6):
            at = (thread * 5 + round * 2) % len(wanted)
            where = "cpu" if (thread + round) % 3 == 0 else DEVICE
            assert same(answer(pool, wanted[at], where), truth[at], where)

    base = MEMORY.used
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    usage = pool.usage()
    assert usage.get(DEVICE, 0) <= 14 * LAYER
    pool.free()
    assert pool.usage() == {}
    assert MEMORY.used == base


def test_one_load_for_all_that_ask_at_once(refs):
    loader = Loader()
    pool = budgeted(loader)
    start = threading.Barrier(4)

    def work(_):
        start.wait()
        return answer(pool, refs[0])

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(work, range(4)))
    assert len(loader.loaded) == 1
    assert all(torch.equal(a, answers[0]) for a in answers)


def resident(path):
    """Bytes of a file that are in this process' memory."""
    found, inside = 0, False
    with open("/proc/self/smaps") as lines:
        for line in lines:
            if "-" in line.split()[0]:
                inside = line.rstrip().endswith(str(path))
            elif inside and line.startswith("Rss:"):
                found += int(line.split()[1]) << 10
    return found


@linux
def test_pages_that_were_copied_are_given_back_and_can_be_read_again(tmp_path):
    path = tmp_path / "large.safetensors"
    save_file({"one": torch.rand(1 << 20), "two": torch.rand(1 << 20)}, str(path))
    state = load_file(str(path))
    files = MappedFiles()
    before = float(state["one"].sum()), float(state["two"].sum())
    assert resident(path) >= 8 << 20
    files.release(state["one"])
    assert 4 << 20 <= resident(path) < 5 << 20
    files.release(state["two"], unless=state["two"].view(-1))  # no copy
    assert resident(path) >= 4 << 20
    files.release(torch.rand(1 << 20))  # of no file: left alone
    assert (float(state["one"].sum()), float(state["two"].sum())) == before


@linux
def test_memory_of_an_idle_file_goes_to_the_model_that_is_used_next(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(books, "WORTH_RESTING", 4 << 20)
    large, small = tmp_path / "large.safetensors", tmp_path / "small.safetensors"
    ref, other = save(large, layers=2000), save(small, seed=1)  # 8 MB, 17 kB
    given_back = 4 << 20  # pages are read around the first and the last one, too
    first = answer(pool, ref, "cpu")
    assert resident(large) >= 8 << 20
    answer(pool, ref, "cpu")
    assert resident(large) >= 8 << 20
    answer(pool, other, "cpu")
    assert resident(large) < given_back
    assert torch.equal(answer(pool, ref, "cpu"), first)
    with pool.use(ref, "cpu", F32):
        answer(pool, other, "cpu")
        assert resident(large) >= 8 << 20
        # One of its variants is idle, and shares all but a layer with it.
        answer(pool, patched(ref, 1.0), "cpu")
        answer(pool, other, "cpu")
        assert resident(large) >= 8 << 20
    assert pool.loads == 3


class Merging(Loader):
    """Writes patches into the tensors that were mapped."""

    def load(self, ref, device, dtype):
        network = super().load(replace(ref, patches=()), device, dtype)
        for patch in ref.patches:
            network.layers[int(patch.fingerprint)].weight.data += patch.weight
        names = [f"layers.{patch.fingerprint}.weight" for patch in ref.patches]
        return self.keep(network, f"{ref.fingerprint} merged", names)


@linux
def test_what_a_patch_wrote_into_a_page_is_not_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(books, "WORTH_RESTING", 4 << 20)
    pool = budgeted(Merging())
    ref, other = save(tmp_path / "large.safetensors", layers=2000), save(tmp_path / "s.safetensors")
    # Its first and last pages hold parts of the layers beside, which are given back.
    changed = patched(ref, 1.0, layer=1000)
    first = answer(pool, changed, "cpu")
    answer(pool, other, "cpu")
    assert resident(tmp_path / "large.safetensors") < 4 << 20
    assert torch.equal(answer(pool, changed, "cpu"), first)


# Networks that were made for one device


class ForOneDevice(Loader):
    """Reads a network so that it computes only where it was read for."""

    def load(self, ref, device, dtype):
        network = super().load(ref, device, dtype)
        network.made_for = device
        return network

    def suits(self, model, device):
        return model.made_for == device


def test_a_network_that_does_not_suit_a_device_is_read_anew(ref):
    loader = ForOneDevice()
    pool = budgeted(loader)
    wanted = answer(pool, ref, "cpu")
    for device in (DEVICE, "cpu", DEVICE):
        assert torch.equal(answer(pool, ref, device), wanted)
        assert len(pool.statistics().models) == 1  # the other was dropped
    assert len(loader.loaded) == 4
    pool.evict(DEVICE)  # to host memory, where it is of no use
    assert torch.equal(answer(pool, ref, DEVICE), wanted)
    assert len(loader.loaded) == 4
    pool.evict(DEVICE)
    assert torch.equal(answer(pool, ref, "cpu"), wanted)
    assert len(loader.loaded) == 5
    (told,) = pool.statistics().models
    assert told.device == "cpu"
    assert pool.usage() == {"cpu": told.nbytes}
