"""Every kind of bad input ends with words, the right exit status and no traceback."""

from __future__ import annotations

import json
import resource
import struct
import zlib

import pytest

from tests.support import graph

from .conftest import install


@pytest.fixture
def refused(cli, folder):
    """Runs and validates a file that is wrong; gives back what was said."""

    def check(*arguments, code, status=2, run_only=False):
        done = cli("run", *arguments, "--quiet")
        assert done.status == status
        assert "Traceback" not in done.err
        assert "Traceback" not in done.out
        assert done.out == ""
        assert done.err.startswith("error: ")
        answer = cli("run", *arguments, "--json", "--quiet")
        assert answer.status == status
        problem = answer.json["problems"][0]
        assert problem["code"] == code
        assert answer.json["status"] == ("invalid" if status == 2 else "failed")
        if not run_only:
            validated = cli("validate", *arguments, "--json")
            assert validated.status == status
            found = [problem["code"] for problem in validated.json["problems"]]
            assert found == [problem["code"] for problem in answer.json["problems"]]
        if status == 2:
            assert not (folder / "outputs").exists()
        return done.err

    return check


def test_not_json(refused, folder):
    (folder / "bad.json").write_text('{"format": ')
    assert "bad.json is not JSON" in refused("bad.json", code="not_json")


def test_binary(refused, folder):
    (folder / "bad.json").write_bytes(bytes(range(256)))
    assert "bad.json is not JSON" in refused("bad.json", code="not_json")


@pytest.mark.parametrize("document", [[], {}, "text", {"format": "graphgen/1"}, {"3": {"a": 1}}])
def test_json_that_is_no_workflow(refused, folder, document):
    (folder / "bad.json").write_text(json.dumps(document))
    assert "no graphgen workflow" in refused("bad.json", code="not_a_workflow")


def test_a_workflow_of_another_format(refused, write):
    said = refused(write({}, format="graphgen/9"), code="unknown_format")
    assert "graphgen/1" in said


def test_missing_workflow(refused):
    assert "no-such.json" in refused("no-such.json", code="missing_file")
    refused("x" * 5000, code="missing_file")


def test_a_folder_is_no_workflow(refused, folder):
    (folder / "some.json").mkdir()
    refused("some.json", code="missing_file")


def test_unknown_node(refused, write):
    said = refused(write({"a": "probe/nummber"}, {"n": "a.value"}), code="unknown_node_type")
    assert "error: a: " in said
    assert "probe/number" in said


def test_unknown_version(refused, write, folder):
    document = graph({"a": "probe/number"}, {"n": "a.value"})
    document["nodes"]["a"]["version"] = 7
    (folder / "bad.json").write_text(json.dumps(document))
    assert "version 7" in refused("bad.json", code="unknown_version")


def test_wrong_type_on_a_link(refused, write):
    nodes = {"a": "probe/note", "b": ("probe/half", {"value": "=a.note"})}
    said = refused(write(nodes, {"n": "b.value"}), code="type_mismatch")
    assert "b.value: " in said
    assert "note" in said


def test_value_out_of_range(refused, write):
    path = write({"a": "probe/number"}, {"n": "a.value"}, {"n": "a.value"})
    said = refused(path, "--set", "n=500", code="value_not_allowed")
    assert "a.value: " in said
    assert "100" in said


def test_cycle(refused, write):
    nodes = {
        "a": ("probe/half", {"value": "=b.value"}),
        "b": ("probe/half", {"value": "=a.value"}),
    }
    said = refused(write(nodes, {"n": "b.value"}), code="cycle")
    assert "a -> b -> a" in said or "b -> a -> b" in said


def test_everything_wrong_is_said_at_once(cli, write):
    path = write(
        {"a": "probe/nummber", "b": ("probe/number", {"value": 500}), "c": "probe/text"},
        {"n": "a.value", "m": "b.value", "t": "c.value"},
    )
    done = cli("run", path)
    assert done.status == 2
    assert done.err.count("error: ") == 3


def test_missing_file(refused, write):
    path = write({"a": ("probe/read", {"file": "nowhere.txt"})}, {"t": "a.value"}, {"f": "a.file"})
    said = refused(path, code="missing_file")
    assert "a.file: " in said
    assert "nowhere.txt" in said
    said = refused(path, "--set", "f=@absent.txt", code="missing_file")
    assert "absent.txt" in said


def test_a_file_outside_the_workspace(refused, write, folder):
    secret = folder.parent / "secret.txt"
    secret.write_text("secret")
    path = write({"a": ("probe/read", {"file": str(secret)})}, {"t": "a.value"})
    assert "outside the workspace" in refused(path, code="outside_workspace")


def _picture(write):
    return write({"a": "image/load"}, {"p": "a.image"}, {"file": "a.file"})


def test_unreadable_image(refused, write, folder):
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    options = {"status": 1, "run_only": True}
    said = refused(_picture(write), "--set", "file=broken.png", code="unreadable_image", **options)
    assert "error: a: " in said
    assert "broken" in said


def _bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(60_001) * 10)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_image_bomb(refused, write, folder):
    (folder / "bomb.png").write_bytes(_bomb())
    options = {"status": 1, "run_only": True}
    said = refused(_picture(write), "--set", "file=bomb.png", code="image_too_large", **options)
    assert "too large" in said


def test_an_image_bomb_as_workflow(refused, folder):
    (folder / "bomb.png").write_bytes(_bomb())
    refused("bomb.png", code="unreadable_image")


def test_a_picture_without_a_workflow(refused, folder):
    from PIL import Image

    Image.new("RGB", (4, 4)).save(folder / "plain.png")
    assert "plain.png holds no workflow" in refused("plain.png", code="no_workflow_in_image")


def test_a_prompt_of_100_000_characters(refused, write):
    path = write({"a": "probe/text"}, {"t": "a.value"}, {"prompt": "a.text"})
    said = refused(path, "--set", "prompt=" + "a" * 100_000, code="value_not_allowed")
    assert "20000 characters" in said
    assert len(said) < 1000


def test_out_of_memory(refused, write):
    path = write({"a": ("probe/exhaust", {"size": 9})}, {"n": "a.value"})
    said = refused(path, code="out_of_memory", status=1, run_only=True)
    assert "error: a: " in said
    assert "lower size" in said


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("nonsense", "bad_setting"),
        ("=3", "bad_setting"),
        ("m=3", "unknown_input"),
        ("n=three", "value_not_allowed"),
        ("n=[1]", "value_not_allowed"),
        ("n=@", "missing_file"),
    ],
)
def test_bad_settings(refused, write, setting, code):
    path = write({"a": "probe/number"}, {"n": "a.value"}, {"n": "a.value"})
    refused(path, "--set", setting, code=code)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "x.json", "--no-such-option"),
        ("run", "x.json", "--set"),
        ("frobnicate",),
        ("nodes", "--workspace"),
    ],
)
def test_bad_arguments(cli, arguments):
    done = cli(*arguments)
    assert done.status == 2
    assert "Error: " in done.err
    assert "Traceback" not in done.err
    answer = cli(arguments[0], "--json", *arguments[1:])
    assert answer.status == 2
    assert answer.json["problems"][0]["code"] == "usage"


def test_folders_that_are_none(cli, write, folder):
    path = write({"a": "probe/number"}, {"n": "a.value"})
    (folder / "file").touch()
    for arguments in (("--output", "file"), ("--output", "file/deeper"), ("--models", "absent")):
        done = cli("run", path, *arguments)
        assert done.status == 2
        assert "is no folder" in done.err


def test_a_pack_that_raises_on_import_is_a_warning(cli, write, folder, monkeypatch):
    broken = folder.parent / "broken"
    install(broken, "sour", "sour_pack")
    (broken / "sour_pack.py").write_text("raise RuntimeError('no such luck')")
    monkeypatch.syspath_prepend(broken)
    path = write({"a": "probe/number"}, {"n": "a.value"})
    done = cli("run", path)
    assert done.status == 0
    assert "warning: the pack 'sour' was left out: RuntimeError: no such luck" in done.err
    assert "Traceback" not in done.err
    assert "sour_pack.py" in cli("run", path, "--debug").err
    assert cli("run", path, "--json").json["outputs"] == {"n": [1]}
    packs = {pack["name"]: pack for pack in cli("nodes", "--json").json["packs"]}
    assert packs["sour"]["problem"]["code"] == "pack_failed"
    assert packs["probe"]["problem"] is None


def test_a_full_disk(write, start, folder):
    """Files of this process may not grow beyond what the first output takes."""
    path = write(
        {
            "small": "probe/number",
            "paint": ("image/gradient", {"width": 600, "height": 600, "kind": "radial"}),
            "noisy": ("image/adjust_colour", {"image": "=paint.image", "contrast": 40}),
        },
        {"n": "small.value", "picture": "paint.image"},
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    process = start("run", path, "--json", preexec_fn=limit)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    answer = json.loads(out)
    assert answer["status"] == "failed"
    assert [problem["code"] for problem in answer["problems"]] == ["disk_full"]
    assert "no room" in answer["problems"][0]["message"]
    assert answer["outputs"] == {"n": [1]}
    left = [p.name for p in (folder / "outputs").rglob("*") if p.is_file()]
    assert left == ["n.json"]
    assert list((folder / "outputs").rglob(".*")) == []
    assert "Traceback" not in err


def test_a_full_disk_while_keeping_an_input(write, start, folder):
    path = write({"a": "probe/read"}, {"t": "a.value"}, {"file": "a.file"})
    (folder / "long.txt").write_text("x" * 100_000)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    process = start("run", path, "--set", "file=long.txt", preexec_fn=limit)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "no room" in err
    assert "Traceback" not in err
    assert list((folder.parent / "workspace" / "inputs").iterdir()) == []
