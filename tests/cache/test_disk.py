"""The disk tier: outlives the process, is never trusted blindly, keeps to its budget."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen import TypeSpec, node
from graphgen.cache import Cache
from graphgen.cache.codec import Codec
from graphgen.cache.disk import DiskTier
from graphgen.cache.store import PENDING
from tests.cache.values import Image, Live, same, types
from tests.support import CALLS, called, graph, statuses

KEY = b"k" * 16
MB = 1_000_000


def tier(folder, budget=10 * MB):
    return DiskTier(folder, Codec(types()), budget)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_was_written_is_read_back(tmp_path):
    value = (Image(np.arange(6.0).reshape(2, 3)), "text", 3)
    assert tier(tmp_path).write(KEY, value)

    assert same(tier(tmp_path).read(KEY), value)
    assert tier(tmp_path).read(b"o" * 16) is None
    assert tier(tmp_path).usage() == (1, files(tmp_path)[0].stat().st_size)


def test_nothing_is_made_before_something_is_written(tmp_path):
    made = tier(tmp_path / "cache")

    assert made.read(KEY) is None
    assert made.usage() == (0, 0)
    assert not (tmp_path / "cache").exists()


def test_what_has_no_form_on_disk_is_not_written(tmp_path):
    made = tier(tmp_path)

    for value in (Live(), object(), [Live()], np.array([object()]), 10**5000, "\ud800"):
        assert made.write(KEY, (value,)) in (False, True)
        assert made.read(KEY) in (None, (value,))
    assert all(path.suffix == ".safetensors" for path in files(tmp_path))


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    made = tier(blocked / "cache")

    assert made.write(KEY, (1,)) is False
    assert made.read(KEY) is None


def test_a_full_disk_is_no_error_and_leaves_nothing(tmp_path, monkeypatch):
    made = tier(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert made.write(KEY, (1,)) is False
    assert files(tmp_path) == []


SAMPLE = (Image(np.arange(12, dtype="float32").reshape(3, 4), "note"), [1, 2.5, None])
ENCODED = Codec(types()).encode(SAMPLE)


@settings(max_examples=60)
@given(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 8 * len(ENCODED) - 1)),
        st.tuples(st.just("cut"), st.integers(0, len(ENCODED) - 1)),
        st.tuples(st.just("zero"), st.integers(0, len(ENCODED) - 1)),
        st.tuples(st.just("add"), st.integers(0, len(ENCODED))),
    )
)
def test_a_damaged_entry_is_removed_and_never_served(tmp_path_factory, damage):
    made = tier(tmp_path_factory.mktemp("cache"))
    assert made.write(KEY, SAMPLE)
    (path,) = files(made.folder)
    how, at = damage
    data = bytearray(path.read_bytes())
    if how == "flip":
        data[at // 8] ^= 1 << at % 8
    elif how == "cut":
        del data[at:]
    elif how == "zero":
        data[at:] = bytes(len(data) - at)
    else:
        data[at:at] = b"\0\1\2"
    path.write_bytes(data)

    found = made.read(KEY)

    if found is None:
        assert files(made.folder) == []
        assert made.write(KEY, SAMPLE)
        assert same(made.read(KEY), SAMPLE)
    else:
        assert same(found, SAMPLE)


SHORT = """
import resource, sys
from pathlib import Path
import numpy as np
from tests.cache.test_disk import KEY, MB, files, tier

folder = Path(sys.argv[1])
assert tier(folder, 100 * MB).write(KEY, (np.zeros(64 * MB, np.uint8),))
pages = int(Path("/proc/self/statm").read_text().split()[0])
limits = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 32 * MB, limits[1]))
assert tier(folder).read(KEY) is None
assert tier(folder).read_light(KEY) is None
resource.setrlimit(resource.RLIMIT_AS, limits)
(found,) = tier(folder).read(KEY)
assert found.nbytes == 64 * MB
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory")
def test_what_memory_has_no_room_for_is_not_there_and_stays(tmp_path):
    command = [sys.executable, "-c", SHORT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_claim_that_is_interrupted_while_it_reads_holds_up_nobody(tmp_path, monkeypatch):
    tier(tmp_path).write(KEY, (3,))
    disk = tier(tmp_path)
    cache = Cache(disk=disk)
    told = []

    def interrupt(key):
        assert cache.claim(KEY, lambda *given: told.append(given), "who") is PENDING
        raise KeyboardInterrupt

    monkeypatch.setattr(disk, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.claim(KEY, print)
    monkeypatch.undo()

    assert told == [("who", None)]
    assert cache.claim(KEY, print) == (3,)


def test_a_leftover_of_a_killed_process_is_no_entry(tmp_path):
    made = tier(tmp_path)
    made.write(KEY, (1,))
    (path,) = files(tmp_path)
    (path.parent / ".partial-abc.safetensors").write_bytes(b"x" * 1000)

    assert made.usage()[0] == 1
    made.clear()
    assert made.usage() == (0, 0)


def test_leftovers_do_not_pile_up(tmp_path):
    made = tier(tmp_path)
    made.write(KEY, (1,))
    (path,) = files(tmp_path)
    leftover = path.parent / ".partial-abc.safetensors"
    leftover.write_bytes(b"x" * 1000)
    os.utime(leftover, (1, 1))  # from long ago

    made.clear()

    assert files(tmp_path) == []


def entry(number):
    return b"%016d" % number


def test_the_budget_is_kept_by_what_was_not_used_for_longest(tmp_path):
    made = tier(tmp_path, budget=350_000)
    for number in range(3):
        assert made.write(entry(number), (b"x" * 75_000,))  # 100,000 bytes in base64
        stamp = time.time() - 1000 + number
        for path in files(tmp_path):
            if path.stat().st_mtime > time.time() - 500:
                os.utime(path, (stamp, stamp))
    assert made.read(entry(0)) is not None  # used: the oldest is now 1

    assert made.write(entry(3), (b"x" * 75_000,))

    assert [made.read(entry(n)) is not None for n in range(4)] == [True, False, True, True]
    assert made.usage()[1] <= 350_000


def test_an_entry_larger_than_the_budget_is_not_written(tmp_path):
    made = tier(tmp_path, budget=50_000)
    made.write(entry(1), (b"x" * 10_000,))

    assert made.write(entry(2), (b"x" * 100_000,)) is False
    assert made.read(entry(1)) is not None


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40)), max_size=25))
@settings(max_examples=25)
def test_the_budget_is_never_exceeded(tmp_path_factory, writes):
    made = tier(tmp_path_factory.mktemp("cache"), budget=60_000)
    for number, size in writes:
        made.write(entry(number), (b"x" * (size * 1000),))
        assert sum(path.stat().st_size for path in files(made.folder)) <= 60_000


def test_entries_of_another_process_count(tmp_path):
    first, second = tier(tmp_path, 250_000), tier(tmp_path, 250_000)
    first.write(entry(1), (b"x" * 75_000,))
    second.write(entry(2), (b"x" * 75_000,))
    first.write(entry(3), (b"x" * 75_000,))
    second.write(entry(4), (b"x" * 75_000,))
    first.write(entry(5), (b"x" * 75_000,))

    assert tier(tmp_path).usage()[1] <= 350_000  # each process looks again now and then


# In an engine

HERE = SimpleNamespace(value=None)


@node("test/picture", title="Picture")
def picture(size: int = 4) -> Image:
    """Make a picture, slowly enough to be worth keeping."""
    called("picture")
    time.sleep(0.003)
    return Image(np.full((size, size), 7.0, "float32"))


@node("test/live", title="Live")
def live() -> Live:
    """Make what can't be stored."""
    called("live")
    time.sleep(0.003)
    return Live(object())


@node("test/odd", title="Odd")
def odd() -> object:
    """Give a value that the disk can't hold."""
    time.sleep(0.003)
    return HERE.value


@node("test/quick", title="Quick")
def quick() -> int:
    """Be quicker than a disk."""
    called("quick")
    return 1


@pytest.fixture
def make(make_engine, tmp_path):
    def made(**options):
        given_types = [TypeSpec(Image), TypeSpec(Live, stored=False)]
        options = {"cache_dir": tmp_path / "cache", **options}
        return make_engine(picture, live, odd, quick, types=given_types, **options)

    return made


PICTURE = graph({"p": "test/picture"}, {"out": "p.image"})


def test_a_new_engine_finds_what_an_old_one_computed(make):
    make().run(PICTURE)

    engine = make()
    result = engine.run(PICTURE)

    assert statuses(result) == {"p": "cached"}
    assert same(result.outputs["out"], Image(np.full((4, 4), 7.0, "float32")))
    assert engine.cache.stats().hits == {"disk": 1}
    engine.run(PICTURE)
    assert engine.cache.stats().hits == {"disk": 1, "cpu": 1}


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "garbage"])
def test_a_damaged_entry_is_computed_again_and_mended(make, tmp_path, damage):
    make().run(PICTURE)
    (path,) = files(tmp_path / "cache")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[-3] ^= 4
    path.write_bytes(
        {"cut": data[: len(data) // 2], "flip": data, "empty": b"", "garbage": b"no" * 50}[damage]
    )

    result = make().run(PICTURE)

    assert statuses(result) == {"p": "executed"}
    assert same(result.outputs["out"], Image(np.full((4, 4), 7.0, "float32")))
    assert statuses(make().run(PICTURE)) == {"p": "cached"}


def test_nothing_is_on_disk_without_being_asked_for(make, tmp_path):
    make(cache_dir=None).run(PICTURE)

    assert not (tmp_path / "cache").exists()
    assert list((tmp_path).rglob("*.safetensors")) == []


def test_what_may_not_be_stored_and_what_is_quick_stays_in_memory(make, tmp_path):
    document = graph({"l": "test/live", "q": "test/quick", "t": "core/tick"})
    engine = make()
    engine.run(document)

    assert files(tmp_path / "cache") == []
    assert statuses(engine.run(document)) == {"l": "cached", "q": "cached", "t": "executed"}


def deep():
    value = []
    for _ in range(20_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [10**5000, "\ud800", deep(), {1, 2}, np.array([object()]), np.array(["a"]), np.arange(3)],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_the_disk_can_not_hold_does_not_harm_the_run(make, value):
    HERE.value = value
    engine = make()
    for _ in range(2):
        result = engine.run(graph({"o": "test/odd"}, {"out": "o.value"}))
        assert result.status == "succeeded"
        assert result.outputs["out"] is value


def test_without_memory_the_disk_serves_alone(make):
    make(cache_bytes=0).run(PICTURE)
    CALLS.clear()

    result = make(cache_bytes=0).run(PICTURE)

    assert statuses(result) == {"p": "cached"}
    assert CALLS["picture"] == 0
