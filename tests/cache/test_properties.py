"""The cache over random steps, against a model that remembers everything: tensors on a device
and in host memory, shared, shown in part, held by somebody or not; and by many threads."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graphgen.cache import Cache
from graphgen.cache.codec import Codec
from graphgen.cache.disk import DiskTier
from graphgen.cache.store import PENDING
from tests.cache.test_store import key, nobody
from tests.cache.values import Image, types
from tests.support import Background
from tests.toy_device import DEVICE, MEMORY

KB = 1000
NUMBERS = st.integers(0, 9)
PLACES = st.sampled_from([DEVICE, "cpu"])
BUDGETS = {DEVICE: 40 * KB, "cpu": 30 * KB}
PARTS = {
    "values": lambda values: values,
    "image": lambda values: values[0],
    "pixels": lambda values: values[0].pixels,
    "view": lambda values: values[0].pixels[:].view(-1),
}


class Tiers(RuleBasedStateMachine):
    """What is found is what was put, budgets are kept, what is held stays where it is, and
    what is wanted on the device is copied there once."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        disk = DiskTier(Path(self.folder.name), Codec(types()), 60 * KB)
        self.before = MEMORY.used
        self.cache = Cache(BUDGETS["cpu"], {DEVICE: BUDGETS[DEVICE]}, disk)
        self.expected: dict[int, torch.Tensor] = {}
        self.held: dict[int, tuple[object, int]] = {}

    def teardown(self):
        self.held.clear()
        self.cache.clear()
        self.folder.cleanup()
        assert MEMORY.used <= self.before

    @rule(
        number=NUMBERS,
        size=st.sampled_from([20, 400, 4 * KB, 12 * KB, 50 * KB]),
        place=PLACES,
        seconds=st.sampled_from([0.0001, 0.1, 5.0]),
        inference=st.booleans(),
    )
    def make(self, number, size, place, seconds, inference):
        if number in self.expected:
            size = len(self.expected[number]) * 4
        if self.cache.claim(key(number), nobody) is not None:
            return
        with torch.inference_mode(inference):
            values = self.expected.setdefault(
                number, torch.arange(size // 4, dtype=torch.float32) + number
            )
            made = values.to(place, copy=True)
        self.cache.settle(key(number), (Image(made),), seconds)

    @rule(source=NUMBERS, number=NUMBERS, whole=st.booleans())
    def pass_on(self, source, number, whole):
        """Keep a value under another key, too, or a view of it."""
        found = self.cache.get(key(source))
        if found is None or number in self.expected:
            return
        assert self.cache.claim(key(number), nobody) is None
        expected, image = self.expected[source], found[0]
        self.expected[number] = expected if whole else expected[3:]
        made = image if whole else Image(image.pixels[3:])
        self.cache.settle(key(number), (made,), 1.0)

    @rule(number=NUMBERS)
    def look(self, number):
        found = self.cache.get(key(number))
        if found is not None:
            assert found[0].pixels.cpu().equal(self.expected[number])

    @rule(number=NUMBERS, part=st.sampled_from(sorted(PARTS)))
    def hold(self, number, part):
        found = self.cache.get(key(number))
        if found is not None and self.cache.get(key(number)) is found:  # not just read from disk
            storage = found[0].pixels.untyped_storage()._cdata
            self.held[number] = PARTS[part](found), storage

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def let_go(self, data):
        del self.held[data.draw(st.sampled_from(sorted(self.held)))]

    @rule(number=NUMBERS)
    def want_on_the_device(self, number):
        found = self.cache.get(key(number))
        if found is None:
            return
        first = self.cache.on_device(found[0], DEVICE).pixels
        assert first.device == torch.device(DEVICE)
        assert first.cpu().equal(self.expected[number])
        MEMORY.reset()
        again = self.cache.on_device(found[0], DEVICE).pixels
        assert MEMORY.copied_in == (0 if again is first else 1)
        if not self.held and first.nbytes < 8 * KB:
            del found, again, first
            self.cache.evict(DEVICE)  # nothing is in use, so there is room for a copy now
            found = self.cache.get(key(number))
            if found is not None:  # else the host and the disk had no room
                first = self.cache.on_device(found[0], DEVICE).pixels
                assert self.cache.on_device(found[0], DEVICE).pixels is first

    @rule(wanted=st.one_of(st.none(), st.integers(0, 30 * KB)), place=PLACES)
    def evict(self, wanted, place):
        before = self.cache.stats().nbytes[place]
        freed = self.cache.evict(place, wanted)
        assert self.cache.stats().nbytes[place] == before - freed
        if not self.held:
            assert freed >= (before if wanted is None else min(wanted, before))

    @rule()
    def clear(self):
        self.cache.clear()
        self.held.clear()
        assert self.cache.stats().nbytes[DEVICE] == self.cache.stats().nbytes["cpu"] == 0

    @invariant()
    def within_budgets(self):
        used = self.cache.stats().nbytes
        assert all(used[name] <= budget for name, budget in BUDGETS.items())
        if not self.held:
            assert MEMORY.used - self.before <= used[DEVICE]

    @invariant()
    def what_is_held_is_where_it_was(self):
        for number, (_, storage) in self.held.items():
            found = self.cache.get(key(number))
            assert found is not None
            assert found[0].pixels.untyped_storage()._cdata == storage


TestTiers = Tiers.TestCase
TestTiers.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def ask(cache, number, make):
    """The value of a key, computed if nobody has done so."""
    while True:
        landed = threading.Event()
        got = []

        def land(_, values, got=got, landed=landed):
            got.append(values)
            landed.set()

        found = cache.claim(key(number), land)
        if found is None:
            values = make(number)
            cache.settle(key(number), values, 0.01 * (number % 5))
            return values
        if found is not PENDING:
            return found
        assert landed.wait(20)
        if got[0] is not None:
            return got[0]


@pytest.mark.timeout(120)
@settings(max_examples=8)
@given(
    seed=st.integers(0, 1000),
    device=st.sampled_from([0, 9 * KB, 30 * KB, 10_000 * KB]),
    host=st.sampled_from([0, 9 * KB, 30 * KB, 10_000 * KB]),
)
def test_threads(seed, device, host):
    before = MEMORY.used
    cache = Cache(host, {DEVICE: device})
    made, lock = [], threading.Lock()

    def make(number):
        with lock:
            made.append(number)
        place = DEVICE if number % 3 else "cpu"
        return (Image(torch.full((500 + 50 * number,), float(number), device=place)),)

    def work(index):
        chance = random.Random(seed + index)
        kept = None
        for _ in range(60):
            number = chance.randrange(12)
            values = ask(cache, number, make)
            tensor = cache.on_device(values[0], DEVICE).pixels
            assert tensor.cpu().equal(torch.full((500 + 50 * number,), float(number)))
            kept = values if chance.random() < 0.3 else kept
            if chance.random() < 0.05:
                cache.evict(chance.choice([DEVICE, "cpu"]), chance.choice([None, 5 * KB]))
            used = cache.stats().nbytes
            assert used["cpu"] <= host
            assert used[DEVICE] <= device
        return kept is not None

    threads = [Background(work, index) for index in range(4)]
    assert all(thread.result(60) for thread in threads)
    assert MEMORY.used - before <= cache.stats().nbytes[DEVICE]
    cache.clear()
    assert MEMORY.used <= before


def test_threads_compute_once_what_fits():
    cache = Cache(10_000 * KB, {DEVICE: 10_000 * KB})
    made = []

    def make(number):
        made.append(number)
        return (Image(torch.full((500,), float(number), device=DEVICE)),)

    def work(index):
        chance = random.Random(index)
        for _ in range(100):
            ask(cache, chance.randrange(20), make)
            if chance.random() < 0.1:
                cache.evict(DEVICE, 4 * KB)  # to the host, where it fits

    for thread in [Background(work, index) for index in range(4)]:
        thread.result(60)
    assert len(made) == len(set(made))
