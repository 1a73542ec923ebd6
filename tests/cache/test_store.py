"""The store over the tiers: byte budgets, what goes first, devices, one flight per key."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graphgen.cache import Cache
from graphgen.cache.store import PENDING
from graphgen.cache.values import weigh
from tests.cache.values import FakeTensor, Image
from tests.support import Background

KB = 1000


def key(number):
    return b"%016d" % number


def nobody(*_):
    raise AssertionError("nobody waits")


def put(cache, number, values, seconds=1.0):
    assert cache.claim(key(number), nobody) is None
    cache.settle(key(number), values, seconds)


def kept(cache, numbers):
    """Which of the keys are kept; asked for without counting as a use that matters here."""
    return [n for n in numbers if cache.get(key(n)) is not None]


def text(kilobytes):
    return ("x" * (kilobytes * KB),)


def test_what_was_put_is_found():
    cache = Cache(host_bytes=100 * KB)
    put(cache, 1, (3, "text"))

    assert cache.get(key(1)) == (3, "text")
    assert cache.get(key(2)) is None
    stats = cache.stats()
    assert stats.hits == {"cpu": 1}
    assert stats.misses == 1
    assert stats.entries == {"cpu": 1}
    assert 0 < stats.nbytes["cpu"] < KB


def test_nothing_is_kept_without_a_budget():
    cache = Cache(host_bytes=0)
    put(cache, 1, (3,))

    assert cache.get(key(1)) is None
    assert cache.stats().nbytes == {"cpu": 0}


def test_an_entry_larger_than_the_budget_displaces_nothing():
    cache = Cache(host_bytes=100 * KB)
    put(cache, 1, text(50))
    put(cache, 2, text(200))

    assert kept(cache, [1, 2]) == [1]


def test_clearing_gives_the_bytes_back():
    cache = Cache(host_bytes=100 * KB)
    put(cache, 1, text(50))
    used = cache.stats().nbytes["cpu"]

    assert cache.clear() == used >= 50 * KB
    assert cache.stats().nbytes == {"cpu": 0}
    assert cache.get(key(1)) is None
    put(cache, 1, text(50))
    assert kept(cache, [1]) == [1]


def test_what_is_put_twice_counts_once():
    cache = Cache(host_bytes=1000 * KB)
    put(cache, 1, text(100))
    once = cache.stats().nbytes["cpu"]

    cache.settle(key(1), text(100), 1.0)

    assert cache.stats().nbytes["cpu"] == once


# What goes first


def test_what_is_cheapest_to_have_again_goes_first():
    cache = Cache(host_bytes=330 * KB)
    put(cache, 1, text(100), seconds=5.0)
    put(cache, 2, text(100), seconds=0.01)
    put(cache, 3, text(100), seconds=1.0)

    put(cache, 4, text(100), seconds=2.0)
    assert kept(cache, [1, 2, 3, 4]) == [1, 3, 4]
    put(cache, 5, text(100), seconds=2.0)
    assert kept(cache, [1, 3, 4, 5]) == [1, 4, 5]


def test_of_equal_cost_the_larger_goes_first():
    cache = Cache(host_bytes=330 * KB)
    put(cache, 1, text(200))
    put(cache, 2, text(50))

    put(cache, 3, text(100))

    assert kept(cache, [1, 2, 3]) == [2, 3]


def test_the_cost_counts_per_byte():
    cache = Cache(host_bytes=330 * KB)
    put(cache, 1, text(200), seconds=3.0)  # 0.015 s/KB
    put(cache, 2, text(50), seconds=1.0)  # 0.020 s/KB

    put(cache, 3, text(100), seconds=9.0)

    assert kept(cache, [1, 2, 3]) == [2, 3]


def test_a_newcomer_that_is_cheapest_does_not_displace_what_cost_more():
    cache = Cache(host_bytes=230 * KB)
    put(cache, 1, text(100), seconds=5.0)
    put(cache, 2, text(100), seconds=5.0)

    put(cache, 3, text(100), seconds=0.001)

    assert kept(cache, [1, 2, 3]) == [1, 2]


def test_of_equal_worth_what_was_used_since_stays():
    cache = Cache(host_bytes=330 * KB)
    put(cache, 1, text(100))
    put(cache, 2, text(100))
    put(cache, 3, text(100), seconds=0.1)
    put(cache, 4, text(100), seconds=2.0)  # in place of 3
    cache.get(key(2))

    put(cache, 5, text(100), seconds=2.0)

    assert kept(cache, [1, 2, 3, 4, 5]) == [2, 4, 5]


def test_what_cost_much_but_is_never_used_goes_in_the_end():
    cache = Cache(host_bytes=330 * KB)
    put(cache, 0, text(100), seconds=20.0)
    for number in range(1, 200):
        put(cache, number, text(100), seconds=1.0)
        if number > 1:
            cache.get(key(number - 1))

    assert cache.get(key(0)) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 60), st.floats(0, 10), st.booleans()),
        max_size=60,
    ),
    st.integers(0, 150),
)
def test_the_budget_is_never_exceeded(steps, budget):
    cache = Cache(host_bytes=budget * KB)
    sizes: dict[int, int] = {}
    for number, size, seconds, nested in steps:
        values = text(size)
        if nested:
            values = ([{"deep": [values[0], b"y" * (size * KB)]}],)
        if cache.get(key(number)) is None and cache.claim(key(number), nobody) is None:
            cache.settle(key(number), values, seconds)
            sizes[number] = size * KB * (2 if nested else 1)
        assert cache.stats().nbytes["cpu"] <= budget * KB
        assert sum(sizes[n] for n in kept(cache, sizes)) <= budget * KB


@pytest.mark.parametrize(
    "value",
    [
        "x" * 100_000,
        b"x" * 100_000,
        ["x" * 100_000],
        {"a": {"b": ["x" * 100_000]}},
        {"x" * 100_000: 1},
        Image("x" * 100_000),
        [Image(b"x" * 100_000)],
        Image(FakeTensor(100_000, "cpu")),
        [FakeTensor(50_000, "cpu"), FakeTensor(50_000, "cpu")],
        list(range(20_000)),
        [0.5 + i for i in range(4_000)],
        10**240_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_byte_of_a_value_counts(value):
    weight = weigh(value)

    assert 90_000 <= weight.nbytes <= 1_000_000
    assert weight.device == "cpu"
    cache = Cache(host_bytes=80_000)
    put(cache, 1, (value,))
    put(cache, 2, (value, value))
    assert cache.stats().entries == {"cpu": 0}


def test_a_value_that_holds_one_thing_often_counts_it_once():
    large = FakeTensor(100_000, "cpu")

    assert weigh([large] * 10).nbytes < 101_000


@pytest.mark.timeout(10)
def test_a_value_that_contains_itself_can_be_measured():
    value = []
    value.append(value)
    both = {}
    both["self"] = [both]

    for looped in (value, both):
        assert weigh(looped).nbytes > 0


# Devices


def test_a_value_stays_on_its_device_until_memory_is_wanted():
    cache = Cache(host_bytes=1000 * KB, device_bytes={"fake:0": 250 * KB})
    put(cache, 1, (Image(FakeTensor(100 * KB)),), seconds=1)
    put(cache, 2, (Image(FakeTensor(100 * KB)),), seconds=5)
    assert [cache.get(key(n))[0].pixels.device for n in (1, 2)] == ["fake:0", "fake:0"]

    put(cache, 3, (Image(FakeTensor(100 * KB)),), seconds=5)

    assert [cache.get(key(n))[0].pixels.device for n in (1, 2, 3)] == ["cpu", "fake:0", "fake:0"]
    stats = cache.stats()
    assert stats.entries == {"cpu": 1, "fake:0": 2}
    assert stats.nbytes["fake:0"] <= 250 * KB
    assert stats.hits["fake:0"] == 4
    assert stats.hits["cpu"] == 1


def test_a_value_too_large_for_its_device_tier_goes_to_the_host():
    cache = Cache(host_bytes=1000 * KB, device_bytes={"fake:0": 50 * KB})
    put(cache, 1, (FakeTensor(100 * KB),))

    assert cache.get(key(1))[0].device == "cpu"


def test_a_device_that_has_nothing_free_keeps_nothing():
    cache = Cache(host_bytes=1000 * KB)
    put(cache, 1, ([FakeTensor(100 * KB, "fake:1")],))

    assert cache.get(key(1))[0][0].device == "cpu"
    assert cache.stats().entries == {"cpu": 1, "fake:1": 0}
    assert cache.stats().budgets["fake:1"] == 0


def test_what_the_host_has_no_room_for_is_dropped():
    cache = Cache(host_bytes=150 * KB, device_bytes={"fake:0": 150 * KB})
    for number in (1, 2, 3):
        put(cache, number, (FakeTensor(100 * KB),), seconds=number)

    stats = cache.stats()
    assert stats.nbytes["cpu"] <= 150 * KB
    assert stats.nbytes["fake:0"] <= 150 * KB
    assert kept(cache, [1, 2, 3]) == [2, 3]


def test_devices_do_not_take_each_others_room():
    cache = Cache(host_bytes=0, device_bytes={"fake:0": 150 * KB, "fake:1": 150 * KB})
    put(cache, 1, (FakeTensor(100 * KB, "fake:0"),))
    put(cache, 2, (FakeTensor(100 * KB, "fake:1"),))

    assert kept(cache, [1, 2]) == [1, 2]


def test_the_values_that_were_settled_are_not_changed():
    tensor = FakeTensor(100 * KB)
    values = (Image(tensor), [tensor])
    cache = Cache(host_bytes=1000 * KB)

    put(cache, 1, values)

    assert values[0].pixels is tensor
    assert tensor.device == "fake:0"


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 8),
            st.integers(0, 80),
            st.floats(0, 9),
            st.sampled_from(["cpu", "fake:0", "fake:1"]),
        ),
        max_size=40,
    )
)
def test_no_tier_exceeds_its_budget(steps):
    budgets = {"fake:0": 120 * KB, "fake:1": 60 * KB}
    cache = Cache(host_bytes=100 * KB, device_bytes=budgets)
    for number, size, seconds, device in steps:
        if cache.claim(key(number), nobody) is None:
            cache.settle(key(number), (FakeTensor(size * KB, device),), seconds)
        used = cache.stats().nbytes
        assert used["cpu"] <= 100 * KB
        assert all(used[name] <= budget for name, budget in budgets.items())


# One flight per key


class Waiter:
    def __init__(self):
        self.told = []

    def __call__(self, who, values):
        self.told.append((who, values))


def test_who_comes_second_waits_for_the_first():
    cache, waiter = Cache(), Waiter()
    assert cache.claim(key(1), nobody) is None
    assert cache.claim(key(1), waiter, "a") is PENDING
    assert cache.claim(key(1), waiter, "b") is PENDING
    assert cache.claim(key(2), nobody) is None

    cache.settle(key(1), (5,), 1.0)

    assert waiter.told == [("a", (5,)), ("b", (5,))]
    assert cache.claim(key(1), nobody) == (5,)


def test_who_gives_up_lets_the_others_try():
    cache, waiter = Cache(), Waiter()
    cache.claim(key(1), nobody)
    cache.claim(key(1), waiter, "a")

    cache.abandon(key(1))

    assert waiter.told == [("a", None)]
    assert cache.claim(key(1), nobody) is None
    cache.settle(key(1), (5,), 1.0)
    assert waiter.told == [("a", None)]


def test_waiters_get_what_is_too_large_to_keep():
    cache, waiter = Cache(host_bytes=0), Waiter()
    cache.claim(key(1), nobody)
    cache.claim(key(1), waiter, "a")

    cache.settle(key(1), text(100), 1.0)

    assert waiter.told == [("a", text(100))]
    assert cache.claim(key(1), nobody) is None


def test_many_threads_compute_each_key_once():
    cache = Cache()
    computed, lock = [], threading.Lock()

    def work():
        for number in range(50):
            done = threading.Event()
            got = []

            def landed(_, values, got=got, done=done):
                got.append(values)
                done.set()

            found = cache.claim(key(number), landed)
            if found is None:
                with lock:
                    computed.append(number)
                cache.settle(key(number), (number,), 1.0)
            elif found is PENDING:
                assert done.wait(10)
                assert got == [(number,)]
            else:
                assert found == (number,)

    for thread in [Background(work) for _ in range(6)]:
        thread.result(20)
    assert sorted(computed) == list(range(50))


class Stateful(RuleBasedStateMachine):
    """The cache against a model that remembers everything: it may forget, never lie."""

    def __init__(self):
        super().__init__()
        self.cache = Cache(host_bytes=3 * KB, device_bytes={"fake:0": 2 * KB})
        self.values = {}
        self.flying = {}
        self.told = []

    @rule(number=st.integers(0, 6))
    def claim(self, number):
        found = self.cache.claim(key(number), self.landed, number)
        if number in self.flying:
            assert found is PENDING
            self.flying[number] += 1
        elif found is None:
            self.flying[number] = 0
        else:
            assert found == self.values[number]

    def landed(self, who, values):
        self.told.append((who, values))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), size=st.integers(0, 2 * KB), device=st.sampled_from(["cpu", "fake:0"]))
    def settle(self, data, size, device):
        number = data.draw(st.sampled_from(sorted(self.flying)))
        waiting = self.flying.pop(number)
        values = ("x" * size,) if device == "cpu" else (Same(size),)
        self.values[number] = values
        self.told.clear()
        self.cache.settle(key(number), values, 1.0)
        assert self.told == [(number, values)] * waiting

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def abandon(self, data):
        number = data.draw(st.sampled_from(sorted(self.flying)))
        waiting = self.flying.pop(number)
        self.told.clear()
        self.cache.abandon(key(number))
        assert self.told == [(number, None)] * waiting

    @rule(number=st.integers(0, 6))
    def get(self, number):
        found = self.cache.get(key(number))
        assert found is None or found == self.values[number]

    @rule()
    def clear(self):
        self.cache.clear()
        assert set(self.cache.stats().nbytes.values()) == {0}

    @invariant()
    def within_budget(self):
        used = self.cache.stats().nbytes
        assert used["cpu"] <= 3 * KB
        assert used["fake:0"] <= 2 * KB


class Same(FakeTensor):
    """A tensor that equals its copies on other devices."""

    def cpu(self):
        return Same(self.nbytes, "cpu")

    def __eq__(self, other):
        return self.nbytes == other.nbytes

    __hash__ = None


TestStateful = Stateful.TestCase
TestStateful.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
