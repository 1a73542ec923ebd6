"""How much memory and disk the cache and models may take, as options."""

from __future__ import annotations

import pytest

from graphgen.cli.options import memory_options
from graphgen.cli.sizes import size, sizes
from graphgen.problems import InvalidWorkflow


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("4096", 4096),
        ("8GB", 8_000_000_000),
        ("8gb", 8_000_000_000),
        ("8G", 8_000_000_000),
        ("1.5GiB", 3 << 29),
        (" 500 MB ", 500_000_000),
        ("2TB", 2_000_000_000_000),
        ("7b", 7),
    ],
)
def test_sizes_are_understood(text, expected):
    assert size("--x", text) == expected


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1e9", "8 gigabytes", "8GB8", "nan", "²GB"])
def test_what_is_no_size_is_told(text):
    with pytest.raises(InvalidWorkflow) as told:
        size("--cache-disk", text)
    problem = told.value.problems[0]
    assert (problem.code, "--cache-disk" in problem.message) == ("bad_size", True)
    assert "8GB" in problem.hint


def test_sizes_of_devices():
    assert sizes("--x", ["cpu=1GB", "cuda=2GB", "cuda:1=3GB"]) == {
        "cpu": 1_000_000_000,
        "cuda:0": 2_000_000_000,
        "cuda:1": 3_000_000_000,
    }
    assert sizes("--x", None) == {}


@pytest.mark.parametrize(
    ("text", "code"), [("8GB", "bad_size"), ("gpu=8GB", "unknown_device"), ("cpu=", "bad_size")]
)
def test_what_is_no_size_of_a_device_is_told(text, code):
    with pytest.raises(InvalidWorkflow) as told:
        sizes("--cache-memory", [text])
    assert [problem.code for problem in told.value.problems] == [code]


def test_options_of_an_engine():
    assert memory_options(["cpu=0", "cuda:1=5kB"], "1MB", ["cuda=8GB", "cpu=1GB"]) == {
        "cache_bytes": 0,
        "device_cache_bytes": {"cuda:1": 5000},
        "disk_bytes": 1_000_000,
        "model_bytes": {"cuda:0": 8_000_000_000, "cpu": 1_000_000_000},
    }
    assert memory_options(None, None, None) == {
        "cache_bytes": None,
        "device_cache_bytes": {},
        "model_bytes": {},
    }


def test_a_run_keeps_no_more_on_disk_than_it_may(cli, write, folder):
    path = write({"a": ("probe/wait", {"seconds": 0.02})}, {"n": "a.value"})
    options = ["--cache-dir", "kept", "--cache-memory", "cpu=1MB"]
    assert cli("run", path, *options, "--cache-disk", "10").status == 0
    assert cli("cache", "--cache-dir", "kept", "--json").json["entries"] == 0
    assert cli("run", path, *options).status == 0
    assert cli("cache", "--cache-dir", "kept", "--json").json["entries"] == 1


def test_bad_options_are_refused_before_anything_is_run(cli, write):
    path = write({"a": ("probe/wait", {"seconds": 0.0})}, {"n": "a.value"})
    done = cli("run", path, "--cache-memory", "much")
    assert done.status == 2
    assert "--cache-memory 'much'" in done.err
    assert cli("run", path, "--server", "http://127.0.0.1:1", "--cache-disk", "1GB").status == 2
