"""Outputs that were written before: the same files again, without encoding them anew."""

from __future__ import annotations

import gc

import pytest

from graphgen.runs.rewriting import LARGEST, Rewriting


class Value:
    """Something that can be told from its successor."""


@pytest.fixture
def written(tmp_path):
    """Files of an output, as they were written for a first run."""
    folder = tmp_path / "first"
    folder.mkdir()
    paths = [folder / "image-01.png", folder / "image-02.png"]
    for number, path in enumerate(paths):
        path.write_bytes(b"%d" % number)
    return paths


def test_the_same_value_of_the_same_run_is_written_again(written, tmp_path):
    rewriting, value = Rewriting(), Value()
    rewriting.remember(value, "key", written)

    paths = rewriting.write(value, "key", tmp_path / "second")

    assert [path.name for path in paths] == ["image-01.png", "image-02.png"]
    assert [path.read_bytes() for path in paths] == [b"0", b"1"]
    assert sorted(path.name for path in (tmp_path / "second").iterdir()) == [p.name for p in paths]


def test_what_was_changed_since_does_not_matter(written, tmp_path):
    rewriting, value = Rewriting(), Value()
    rewriting.remember(value, "key", written)
    written[0].write_bytes(b"retouched")
    written[1].unlink()

    paths = rewriting.write(value, "key", tmp_path / "second")

    assert [path.read_bytes() for path in paths] == [b"0", b"1"]


def test_another_value_or_another_run_is_not_known(written, tmp_path):
    rewriting, value = Rewriting(), Value()
    rewriting.remember(value, "key", written)

    assert rewriting.write(Value(), "key", tmp_path) is None
    assert rewriting.write(value, "other", tmp_path) is None
    assert list(tmp_path.iterdir()) == [written[0].parent]


def test_a_value_that_is_gone_is_not_mistaken_for_its_successor(written, tmp_path):
    rewriting, value = Rewriting(), Value()
    rewriting.remember(value, "key", written)
    place = id(value)
    del value
    gc.collect()
    others = [Value() for _ in range(10_000)]  # all alive, so that every free place is taken
    successor = next((new for new in others if id(new) == place), None)
    if successor is None:
        pytest.skip("no object took the place of the one that is gone")

    assert rewriting.write(successor, "key", tmp_path) is None


def test_nothing_is_overwritten(written, tmp_path):
    rewriting, value = Rewriting(), Value()
    rewriting.remember(value, "key", written)
    (tmp_path / "image-02.png").write_bytes(b"a node's")

    assert rewriting.write(value, "key", tmp_path) is None
    assert (tmp_path / "image-02.png").read_bytes() == b"a node's"
    assert not (tmp_path / "image-01.png").exists()


def test_what_is_large_or_can_not_be_referred_to_is_not_kept(tmp_path):
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(LARGEST + 1))
    small = tmp_path / "small.bin"
    small.write_bytes(b"x")
    rewriting, value, plain = Rewriting(), Value(), [1, 2]
    rewriting.remember(value, "key", [large])
    rewriting.remember(plain, "key", [small])
    rewriting.remember(value, "none", [])

    assert rewriting.write(value, "key", tmp_path / "a") is None
    assert rewriting.write(plain, "key", tmp_path / "a") is None
    assert rewriting.write(value, "none", tmp_path / "a") is None


def test_the_budget_holds_and_what_was_used_last_stays(tmp_path):
    file = tmp_path / "f.bin"
    file.write_bytes(bytes(400))
    rewriting = Rewriting(budget=1000)
    values = [Value() for _ in range(3)]
    for value in values[:2]:
        rewriting.remember(value, "key", [file])
    assert rewriting.write(values[0], "key", tmp_path / "again")
    rewriting.remember(values[2], "key", [file])

    known = [
        rewriting.write(value, "key", tmp_path / str(number)) is not None
        for number, value in enumerate(values)
    ]

    assert known == [True, False, True]
