"""Values of a device, here the toy one: they stay there, go down the tiers, come back once."""

import gc
import threading

import pytest
import torch

from graphgen.cache import Cache
from graphgen.cache.codec import Codec
from graphgen.cache.disk import DiskTier
from tests.cache.test_store import key, nobody, put
from tests.cache.values import FakeTensor, Image, types
from tests.support import Background
from tests.toy_device import DEVICE, MEMORY

KB = 1000
ROOMY = 10_000 * KB


@pytest.fixture(autouse=True)
def _counts():
    gc.collect()
    MEMORY.reset()


def made(kilobytes=100, device=DEVICE):
    return torch.ones(kilobytes * KB // 4, device=device)


def cache_of(device_kilobytes, host_kilobytes=10_000, **options):
    return Cache(host_kilobytes * KB, {DEVICE: device_kilobytes * KB}, **options)


def where(cache, number):
    found = cache.get(key(number))
    return None if found is None else str(found[0].pixels.device)


# Down the tiers


def test_a_value_stays_on_its_device_and_is_copied_nowhere():
    cache = cache_of(1000)
    put(cache, 1, (Image(made()),))

    assert where(cache, 1) == DEVICE
    assert MEMORY.copied_out == 0
    assert cache.stats().moves == {}


def test_the_device_has_its_memory_back_when_a_value_has_moved():
    before = MEMORY.used
    cache = cache_of(250)
    for number in range(6):
        put(cache, number, (Image(made()),))

    assert MEMORY.used - before <= 250 * KB
    assert MEMORY.copied_out == 4
    places = [where(cache, number) for number in range(6)]
    assert (places.count("cpu"), places.count(DEVICE)) == (4, 2)
    stats = cache.stats()
    assert stats.moves == {(DEVICE, "cpu"): 4}
    assert stats.evictions[DEVICE] == 4
    assert stats.budgets[DEVICE] == 250 * KB


def test_a_moved_value_is_the_same():
    cache = cache_of(0)
    values = torch.rand(3, 50)
    put(cache, 1, (Image(values.to(DEVICE), "note"), [values[1:].to(DEVICE)]))

    image, (rest,) = cache.get(key(1))

    assert image.pixels.equal(values)
    assert image.note == "note"
    assert rest.equal(values[1:])


def test_the_default_budget_is_a_share_of_what_is_free_when_the_device_is_first_used():
    cache = Cache(ROOMY)
    with MEMORY.limited(MEMORY.used + 1000 * KB):
        put(cache, 1, (Image(made(200)),))
    assert cache.stats().budgets[DEVICE] == 200 * KB
    assert where(cache, 1) == "cpu"  # with its overhead it is larger than that
    put(cache, 2, (Image(made(100)),))
    assert where(cache, 2) == DEVICE


def test_the_host_may_take_more_than_its_first_share_if_more_is_free():
    stats = Cache().stats()

    assert 256 << 20 <= stats.budgets["cpu"] <= 2 << 30


def test_what_disk_lost_is_written_again_when_memory_lets_go(tmp_path):
    disk = DiskTier(tmp_path, Codec(types()), ROOMY)
    cache = cache_of(150, 150, disk=disk)
    put(cache, 1, (Image(made()),))
    disk.clear()
    put(cache, 2, (Image(made()),))  # 1 goes to the host
    assert not disk.has(key(1))

    put(cache, 3, (Image(made()),))  # 2 goes to the host, and 1 from there

    assert disk.has(key(1))
    written = cache.stats().moves[DEVICE, "disk"]
    put(cache, 4, (Image(made()),))
    assert cache.stats().moves[DEVICE, "disk"] == written + 1  # 2 is on disk and only dropped
    assert cache.get(key(1))[0].pixels.equal(torch.ones(25 * KB))


# In use


def tuple_of(cache):
    return cache.get(key(1))


def image_of(cache):
    return cache.get(key(1))[0]


def tensor_of(cache):
    return cache.get(key(1))[0].pixels


def view_of(cache):
    return cache.get(key(1))[0].pixels[10:]


def view_in_inference(cache):
    with torch.inference_mode():
        return cache.get(key(1))[0].pixels[10:].view(-1, 5)


@pytest.mark.parametrize("take", [tuple_of, image_of, tensor_of, view_of, view_in_inference])
@pytest.mark.parametrize("device", [DEVICE, "cpu"])
@pytest.mark.parametrize("inference", [False, True])
def test_what_somebody_holds_is_not_evicted(take, device, inference):
    cache = cache_of(250, 250)
    with torch.inference_mode(inference):
        put(cache, 1, (Image(made(100, device)),), seconds=0.001)
    held = take(cache)
    for number in range(2, 9):
        put(cache, number, (Image(made(100, device)),))
    assert where(cache, 1) == device

    del held
    for number in range(9, 16):
        put(cache, number, (Image(made(100, device)),))
    assert where(cache, 1) != device


def test_nothing_is_evicted_for_a_value_that_gets_no_room():
    cache = cache_of(350, 0)
    for number in (1, 2, 3):
        put(cache, number, (Image(made()),), seconds=number)
    held = cache.get(key(2)), cache.get(key(3))

    put(cache, 4, (Image(made(300)),), seconds=9)

    assert [where(cache, n) for n in (1, 2, 3, 4)] == [DEVICE, DEVICE, DEVICE, None]
    del held


def test_a_shared_part_without_tensors_keeps_nothing_in_use():
    cache = cache_of(250)
    shared = ["what", "many", "hold"]
    put(cache, 1, (Image(made(), shared),), seconds=0.001)
    for number in (2, 3):
        put(cache, number, (Image(made(), shared),))

    assert where(cache, 1) == "cpu"


def test_values_that_share_a_tensor_do_not_hold_each_other():
    cache = cache_of(250)
    image = Image(made())
    put(cache, 1, (image,), seconds=0.001)
    put(cache, 2, (image,), seconds=0.001)
    put(cache, 3, (Image(image.pixels[5:]),), seconds=0.001)
    assert cache.stats().nbytes[DEVICE] < 102 * KB
    del image

    put(cache, 4, (Image(made()),))
    put(cache, 5, (Image(made()),))

    assert [where(cache, n) for n in (1, 2, 3, 4, 5)] == ["cpu"] * 3 + [DEVICE] * 2


def test_a_view_counts_the_memory_that_it_keeps():
    before = MEMORY.used
    cache = cache_of(250)
    for number in range(5):
        put(cache, number, (Image(made()[:10]),))
        assert MEMORY.used - before <= 250 * KB

    stats = cache.stats()
    assert stats.entries[DEVICE] == 2
    assert stats.nbytes["cpu"] < 3 * KB  # what moves is only what it shows


# Evicting when asked to


def test_idle_values_can_be_moved_away_when_memory_is_wanted():
    before = MEMORY.used
    cache = cache_of(1000)
    for number in range(5):
        put(cache, number, (Image(made()),), seconds=number + 1)
    held = cache.get(key(0))

    assert 150 * KB <= cache.evict(DEVICE, 150 * KB) < 250 * KB
    assert [where(cache, n) for n in range(5)] == [DEVICE, "cpu", "cpu", DEVICE, DEVICE]
    assert cache.evict(DEVICE) >= 200 * KB
    assert MEMORY.used - before == 100 * KB
    assert cache.evict("cuda:7") == 0
    del held


def test_from_the_host_values_are_dropped():
    cache = cache_of(1000)
    put(cache, 1, (Image(made(device="cpu")),))

    assert cache.evict("cpu") > 100 * KB
    assert cache.get(key(1)) is None


# Findable all the while


class Slow(FakeTensor):
    """A tensor whose way to the host takes until it is told to arrive."""

    def __init__(self, nbytes, device="fake:0"):
        super().__init__(nbytes, device)
        self.leaving, self.arrive = threading.Event(), threading.Event()

    def cpu(self):
        self.leaving.set()
        assert self.arrive.wait(10)
        return FakeTensor(self.nbytes, "cpu")


def moving():
    """A cache out of whose device a value is on its way."""
    cache = Cache(ROOMY, {"fake:0": 150 * KB})
    slow = Slow(100 * KB)
    leaving, arrive = slow.leaving, slow.arrive
    put(cache, 1, (slow,), seconds=0.1)
    del slow
    other = Background(put, cache, 2, (FakeTensor(100 * KB),))
    assert leaving.wait(10)
    return cache, arrive, other


def test_a_value_on_its_way_is_found():
    cache, arrive, other = moving()

    found = cache.get(key(1))
    assert found is not None
    assert cache.claim(key(1), nobody) is found

    arrive.set()
    other.result()
    assert cache.get(key(1))[0].device == "cpu"


def test_a_value_on_its_way_can_be_forgotten():
    cache, arrive, other = moving()
    cache.clear()
    arrive.set()
    other.result()

    assert cache.get(key(1)) is None
    assert set(cache.stats().nbytes.values()) == {0}


def test_a_value_that_can_not_be_moved_is_dropped(caplog):
    class Stuck(FakeTensor):
        def cpu(self):
            raise MemoryError

    cache = Cache(ROOMY, {"fake:0": 50 * KB})
    put(cache, 1, (Stuck(100 * KB),))

    assert cache.get(key(1)) is None
    assert "could not be moved" in caplog.text
    assert cache.stats().nbytes == {"cpu": 0, "fake:0": 0}


# Back on the device


def test_a_moved_value_goes_back_once_for_all_who_want_it():
    cache = cache_of(150)
    put(cache, 1, (Image(made()),), seconds=0.1)
    put(cache, 2, (Image(made()),))
    cache.evict(DEVICE)
    MEMORY.reset()

    copies = [cache.on_device(cache.get(key(1))[0], DEVICE).pixels for _ in range(3)]

    assert copies[0].device == torch.device(DEVICE)
    assert copies[0] is copies[1] is copies[2]
    assert MEMORY.copied_in == 1
    assert cache.stats().moves["cpu", DEVICE] == 1


def test_what_lies_there_is_not_copied():
    cache = cache_of(1000)
    image, array = Image(made()), Image(made(device="cpu").numpy())

    assert cache.on_device(image, DEVICE) is image
    assert cache.on_device(array, DEVICE) is array
    assert cache.on_device(3, DEVICE) == 3
    assert cache.on_device(image, "cpu").pixels.device.type == "cpu"
    assert MEMORY.copied_in == 0


def test_threads_that_want_a_value_at_once_get_one_copy():
    cache = cache_of(1000)
    tensor = made(device="cpu")
    start = threading.Barrier(4)

    def ask():
        start.wait(10)
        return cache.on_device(tensor, DEVICE)

    copies = [each.result() for each in [Background(ask) for _ in range(4)]]

    assert len({id(copy) for copy in copies}) == 1
    assert MEMORY.copied_in == 1


def test_a_copy_ends_with_what_it_is_a_copy_of():
    before = MEMORY.used
    cache = cache_of(1000)
    tensor = made(device="cpu")
    cache.on_device(tensor, DEVICE)
    assert MEMORY.used - before == 100 * KB

    del tensor
    gc.collect()

    assert MEMORY.used == before
    assert cache.stats().entries[DEVICE] == 0
    assert cache.stats().nbytes[DEVICE] == 0


def test_a_copy_makes_room_and_is_only_dropped():
    before = MEMORY.used
    cache = cache_of(250)
    tensors = [made(device="cpu") for _ in range(5)]
    for tensor in tensors:
        cache.on_device(tensor, DEVICE)

    assert MEMORY.used - before == 200 * KB
    assert MEMORY.copied_out == 0
    assert cache.stats().entries == {"cpu": 0, DEVICE: 2}


def test_a_copy_that_gets_no_room_is_given_all_the_same():
    cache = cache_of(0)
    tensor = made(device="cpu")

    assert cache.on_device(tensor, DEVICE).cpu().equal(tensor)
    assert cache.stats().entries[DEVICE] == 0


def test_a_device_without_memory_says_so():
    cache = cache_of(1000)
    with MEMORY.limited(MEMORY.used + 50 * KB), pytest.raises(torch.OutOfMemoryError):
        cache.on_device(made(device="cpu"), DEVICE)


# Told


def test_what_is_done_with_values_is_told(tmp_path):
    told = []
    disk = DiskTier(tmp_path, Codec(types()), ROOMY)
    cache = Cache(150 * KB, {DEVICE: 150 * KB}, disk, told.append)
    for number in (1, 2, 3):
        put(cache, number, (Image(made()),), seconds=number)
    cache.on_device(cache.get(key(1))[0], DEVICE)

    steps = {(each.kind, each.device, each.to) for each in told}
    assert steps == {
        ("write", DEVICE, "disk"),
        ("evict", DEVICE, "cpu"),
        ("drop", "cpu", ""),
        ("read", "disk", "cpu"),
        ("move", "cpu", DEVICE),
        ("drop", DEVICE, ""),
    }
    assert all(each.nbytes >= 100 * KB and each.seconds >= 0 for each in told)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_on_a_gpu_values_go_to_pinned_memory_and_back():
    before = torch.cuda.memory_allocated()
    cache = Cache(ROOMY, {"cuda:0": 250 * KB})
    for number in range(6):
        put(cache, number, (Image(torch.full((25 * KB,), float(number), device="cuda")),))
    assert torch.cuda.memory_allocated() - before <= 250 * KB

    moved = cache.get(key(0))[0].pixels
    assert moved.is_pinned()
    back = cache.on_device(moved, "cuda:0")
    assert back is cache.on_device(moved, "cuda:0")
    assert back.equal(torch.zeros(25 * KB, device="cuda"))
    assert cache.stats().moves == {("cuda:0", "cpu"): 4, ("cpu", "cuda:0"): 1}


def test_pinned_memory_counts_as_torch_takes_it():
    pinned = made(100, "cpu").pin_memory()
    assert pinned.is_pinned()
    cache = cache_of(0)
    put(cache, 1, (Image(pinned),))

    assert 1 << 17 <= cache.stats().nbytes["cpu"] < (1 << 17) + KB
