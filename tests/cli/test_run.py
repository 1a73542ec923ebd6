from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from PIL import Image

from graphgen import Workflow
from tests.support import graph, python

GRADIENT = {
    "paint": ("image/gradient", {"width": 32, "height": 24, "start": "#102030", "end": "#e0a050"}),
    "blur": ("image/blur", {"image": "=paint.image", "radius": 2}),
}


@pytest.fixture
def gradient(write):
    return write(
        GRADIENT,
        {"picture": "blur.image"},
        {"start": "paint.start", "width": "paint.width"},
        name="sky.json",
        description="A sky.",
    )


def test_a_run_saves_its_picture_and_ends_with_the_path(cli, gradient, folder):
    done = cli("run", gradient, "--set", "width=48")
    assert done.status == 0, done.err
    assert done.last.name == "picture.png"
    assert done.last.parent.parent.name == "outputs"
    assert done.last.parent.name.endswith("-sky")
    with Image.open(done.last) as picture:
        assert picture.size == (48, 24)
        left, right = picture.getpixel((0, 0)), picture.getpixel((47, 23))
    assert left[0] < 60 < 180 < right[0]
    assert "blur: done in" in done.err


def test_two_runs_overwrite_nothing(cli, gradient):
    first, second = cli("run", gradient), cli("run", gradient)
    assert first.last != second.last
    assert first.last.read_bytes() == second.last.read_bytes()


def test_a_picture_repeats_itself_bit_for_bit(cli, gradient):
    made = cli("run", gradient, "--set", "width=40", "--set", "start=#ff0000").last
    gradient.unlink()
    again = cli("run", made)
    assert again.status == 0, again.err
    assert again.last != made
    assert again.last.read_bytes() == made.read_bytes()


def test_a_picture_still_has_its_inputs(cli, gradient):
    made = cli("run", gradient, "--set", "width=40", "--set", "start=#ff0000").last
    wider = cli("run", made, "--set", "width=64").last
    with Image.open(wider) as picture:
        assert picture.size == (64, 24)
        assert picture.getpixel((0, 0))[0] > 200
    carried = Workflow.read(wider)
    assert carried.nodes["paint"].inputs["width"] == 64
    assert carried.description == "A sky."


def test_a_picture_with_a_text_beyond_latin_repeats(cli, write):
    label = "山 – „große“ 🍎\nline"
    path = write(
        {**GRADIENT, "grid": ("image/grid", {"images": ["=blur.image"], "labels": [label]})},
        {"picture": "grid.image"},
    )
    made = cli("run", path)
    assert made.status == 0, made.err
    assert Workflow.read(made.last).nodes["grid"].inputs["labels"] == [label]
    assert cli("run", made.last).last.read_bytes() == made.last.read_bytes()


def test_json_is_one_object_and_nothing_else(cli, write):
    path = write(
        {
            "text": ("probe/text", {"text": "hello"}),
            "count": ("probe/numbers", {"count": 2}),
            "half": ("probe/half", {"value": 3}),
            "paint": ("image/solid", {"width": 8, "height": 8, "batch": 3}),
        },
        {
            "said": "text.value",
            "numbers": "count.value",
            "half": "half.value",
            "pictures": "paint.image",
        },
    )
    done = cli("run", path, "--json")
    assert done.status == 0
    answer = done.json
    assert answer["status"] == "succeeded"
    assert answer["problems"] == []
    assert answer["run_id"]
    assert answer["outputs"]["said"] == ["hello"]
    assert answer["outputs"]["numbers"] == [0, 1]
    assert answer["outputs"]["half"] == [1.5]
    pictures = answer["outputs"]["pictures"]
    assert [path.rsplit("/", 1)[1] for path in pictures] == [
        "pictures-01.png",
        "pictures-02.png",
        "pictures-03.png",
    ]
    assert {node["status"] for node in answer["nodes"].values()} == {"executed"}
    assert set(answer["nodes"]) == {"text", "count", "half", "paint"}
    assert 0 < answer["nodes"]["paint"]["seconds"] <= answer["seconds"]
    assert "goes to whoever watches" in done.err


def test_plain_values_are_shown_and_saved(cli, write, folder):
    path = write(
        {"text": ("probe/text", {"text": "grüße"}), "half": ("probe/half", {"value": 3})},
        {"said": "text.value", "half": "half.value"},
        name="plain.json",
    )
    done = cli("run", path, "--output", folder / "elsewhere")
    lines = done.out.splitlines()
    assert lines[:2] == ["said: grüße", "half: 1.5"]
    assert [line.rsplit("/", 1)[1] for line in lines[2:]] == ["said.txt", "half.json"]
    saved = done.last.parent
    assert saved.parent == folder / "elsewhere"
    assert (saved / "said.txt").read_text(encoding="utf-8") == "grüße"
    assert json.loads((saved / "half.json").read_text()) == 1.5


def test_infinity_is_text_in_json(cli, write):
    path = write({"half": ("probe/half", {"value": float("inf")})}, {"half": "half.value"})
    assert cli("run", path, "--json").json["outputs"]["half"] == ["Infinity"]


def test_a_type_without_files_is_saved_as_safetensors(cli, write):
    done = cli("run", write({"blob": "probe/blob"}, {"blob": "blob.blob"}))
    assert done.status == 0
    assert done.last.suffix == ".safetensors"
    data = done.last.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    tree = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["graphgen"])
    assert tree["value"] == {
        "$": "object",
        "type": "Blob",
        "v": {"numbers": {"$": "tuple", "v": [0, 1, 2]}},
    }


def test_what_can_not_be_saved_is_said_and_the_rest_is_saved(cli, write):
    path = write(
        {"handle": "probe/handle", "number": "probe/number"},
        {"handle": "handle.handle", "number": "number.value"},
    )
    done = cli("run", path)
    assert done.status == 1
    assert "the output 'handle' can't be saved" in done.err
    assert done.last.read_text() == "1\n"
    answer = cli("run", path, "--json").json
    assert answer["status"] == "failed"
    assert [problem["code"] for problem in answer["problems"]] == ["not_saveable"]
    assert list(answer["outputs"]) == ["number"]


def test_targets_run_only_what_they_need(cli, write):
    path = write(
        {
            "a": ("probe/number", {"value": 4}),
            "b": ("probe/half", {"value": "=a.value"}),
            "c": ("probe/fail", {"value": "=a.value"}),
        },
        {"c": "c.value"},
    )
    answer = cli("run", path, "--target", "b", "--target", "a", "--json").json
    assert answer["status"] == "succeeded"
    assert answer["outputs"] == {"b.value": [2.0], "a.value": [4]}
    assert set(answer["nodes"]) == {"a", "b"}
    unknown = cli("run", path, "--target", "bb")
    assert unknown.status == 2
    assert "'bb'" in unknown.err


def test_a_target_that_is_a_subgraph_gives_the_outputs_that_it_names(cli, write):
    half = graph({"h": "probe/half"}, {"half": "h.value"}, {"of": "h.value"})
    deep = graph({"i": "workflow/half"}, {"a": "i.half"}, {"of": "i.of"}, {"half": half})
    path = write(
        {
            "number": ("probe/number", {"value": 6}),
            "deep": ("workflow/deep", {"of": "=number.value"}),
            "after": ("probe/fail", {"value": "=deep.a"}),
        },
        {"after": "after.value"},
        workflows={"deep": deep},
    )
    answer = cli("run", path, "--target", "deep", "--target", "deep/i/h", "--json").json
    assert answer["status"] == "succeeded"
    assert answer["outputs"] == {"deep.a": [3.0], "deep/i/h.value": [3.0]}


def test_a_workflow_without_named_outputs_gives_those_of_its_last_nodes(cli, write):
    path = write({"a": "probe/number", "b": ("probe/half", {"value": "=a.value"})})
    assert cli("run", path, "--json").json["outputs"] == {"b.value": [0.5]}


def test_when_a_node_fails_the_other_outputs_are_saved(cli, write):
    path = write(
        {
            "good": "probe/number",
            "bad": "probe/fail",
            "after": ("probe/half", {"value": "=bad.value"}),
        },
        {"good": "good.value", "after": "after.value"},
    )
    done = cli("run", path)
    assert done.status == 1
    assert "error: bad:" in done.err
    assert "the roof is on fire" in done.err
    assert "Traceback" not in done.err
    assert done.out.splitlines()[0] == "good: 1"
    traced = cli("run", path, "--debug")
    assert "Traceback" in traced.err
    assert "probe_pack.py" in traced.err
    answer = cli("run", path, "--json").json
    assert answer["status"] == "failed"
    assert answer["nodes"]["bad"]["status"] == "failed"
    assert answer["nodes"]["after"]["status"] == "skipped"
    assert answer["outputs"] == {"good": [1]}
    assert answer["problems"][0]["node"] == "bad"


def test_files_named_on_the_command_line_are_kept_and_repeat(cli, write, folder):
    path = write(
        {
            "read": ("probe/read", {}),
            "paint": ("image/gradient", {"width": 8, "height": 8}),
            "grid": ("image/grid", {"images": ["=paint.image"], "labels": ["=read.value"]}),
        },
        {"picture": "grid.image", "text": "read.value"},
        {"file": "read.file"},
    )
    source = folder / "words.txt"
    source.write_text("first")
    for value in ("words.txt", "@words.txt", str(source)):
        done = cli("run", path, "--set", f"file={value}", "--json")
        assert done.status == 0, done.err
        assert done.json["outputs"]["text"] == ["first"]
    source.write_text("second")
    picture = done.json["outputs"]["picture"][0]
    assert cli("run", picture, "--json").json["outputs"]["text"] == ["first"]
    kept = sorted(path.name for path in (folder.parent / "workspace" / "inputs").iterdir())
    assert len(kept) == 1
    assert kept[0].startswith("words-")


def test_files_beside_the_workflow_resolve_and_repeat_from_anywhere(cli, write, folder):
    path = write(
        {
            "read": ("probe/read", {"file": "assets/words.txt"}),
            "paint": ("image/gradient", {"width": 8, "height": 8}),
            "grid": ("image/grid", {"images": ["=paint.image"], "labels": ["=read.value"]}),
        },
        {"picture": "grid.image"},
        name="flows/flow.json",
    )
    (folder / "flows" / "assets").mkdir()
    (folder / "flows" / "assets" / "words.txt").write_text("beside")
    done = cli("run", path)
    assert done.status == 0, done.err
    (folder / "flows" / "assets" / "words.txt").unlink()
    again = cli("run", done.last)
    assert again.status == 0, again.err
    assert again.last.read_bytes() == done.last.read_bytes()


def test_a_picture_can_not_read_the_files_beside_it(cli, write, folder):
    path = write(
        {"read": ("probe/read", {"file": "secret.txt"}), **GRADIENT},
        {"text": "read.value", "picture": "blur.image"},
    )
    (folder / "secret.txt").write_text("secret")
    picture = cli("run", path, "--target", "blur").last
    moved = folder / "picture.png"
    picture.rename(moved)
    carried = Workflow.read(moved)
    assert carried.nodes["read"].inputs["file"] != "secret.txt"
    stranger = carried.model_copy(
        update={"nodes": {**carried.nodes, "read": Workflow.read(path).nodes["read"]}}
    )
    with Image.open(moved) as image:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("graphgen", stranger.to_json())
        image.save(moved, pnginfo=info)
    done = cli("run", moved)
    assert done.status == 2
    assert "'secret.txt' does not exist" in done.err


def test_folders_are_read_where_they_lie(cli, write, folder):
    path = write({"count": "probe/count_files"}, {"n": "count.value"}, {"source": "count.folder"})
    series = folder.parent / "series"
    series.mkdir()
    for name in "abc":
        (series / name).touch()
    done = cli("run", path, "--set", f"source={series}", "--json")
    assert done.status == 0, done.err
    assert done.json["outputs"]["n"] == [3]
    assert not (folder.parent / "workspace" / "inputs").exists()


def test_a_value_of_a_port_type_is_loaded_from_a_file(cli, write, folder):
    path = write(
        {"title": "probe/title", "note": "probe/note"},
        {"title": "title.value", "note": "note.note"},
        {"letter": "title.note"},
    )
    (folder / "letter.txt").write_text("Dear reader\nmore")
    done = cli("run", path, "--set", "letter=@letter.txt", "--json")
    assert done.status == 0, done.err
    assert done.json["outputs"]["title"] == ["Dear reader"]
    names = [path.rsplit("/", 1)[1] for path in done.json["outputs"]["note"]]
    assert names == ["note.note", "note.meta.txt"]
    # The document that travels names the copy that was kept.
    carried = json.loads(Path(done.json["outputs"]["note"][1]).read_text())
    (folder / "letter.txt").unlink()
    (folder / "again.json").write_text(json.dumps(carried))
    again = cli("run", folder / "again.json", "--json")
    assert again.json["outputs"]["title"] == ["Dear reader"]
    (folder / "letter.txt").write_text("\n")
    bad = cli("run", path, "--set", "letter=@letter.txt")
    assert bad.status == 1
    assert "has no title" in bad.err


def test_a_saved_workflow_runs_by_name_and_as_a_subgraph_that_travels(cli, write, folder):
    saved = folder.parent / "workspace" / "workflows"
    saved.mkdir(parents=True)
    inner = write({"paint": ("image/solid", {"width": 4, "height": 4})}, {"image": "paint.image"})
    inner.rename(saved / "dot.json")
    assert cli("run", "dot").last.name == "image.png"
    outer = write({"dot": "workflow/dot"}, {"picture": "dot.image"}, name="outer.json")
    made = cli("run", outer).last
    (saved / "dot.json").unlink()
    assert cli("run", outer).status == 2
    again = cli("run", made)
    assert again.status == 0, again.err
    assert again.last.read_bytes() == made.read_bytes()
    missing = cli("run", "dots")
    assert missing.status == 2
    assert "there is no workflow 'dots'" in missing.err


def test_a_saved_workflow_that_can_not_be_read_is_told_and_others_run(cli, write, folder):
    saved = folder.parent / "workspace" / "workflows"
    saved.mkdir(parents=True)
    inner = write({"paint": ("image/solid", {"width": 4, "height": 4})}, {"image": "paint.image"})
    inner.rename(saved / "dot.json")
    (saved / "linked.json").symlink_to("gone.json")
    (saved / "latin.json").write_bytes(b'{"nodes": {}, "name": "M\xfcll"}')

    assert cli("run", "dot").status == 0
    linked = cli("run", "linked")
    assert (linked.status, "link to gone.json, which is not there" in linked.err) == (2, True)
    latin = cli("run", "latin")
    assert (latin.status, "is not UTF-8 text" in latin.err) == (2, True)
    outer = write({"l": "workflow/linked"}, {}, name="outer.json")
    assert "link to gone.json" in cli("validate", outer).err


def test_a_disk_cache_serves_a_later_run(cli, write, folder):
    path = write({"a": ("probe/wait", {"after": 5, "seconds": 0.02})}, {"n": "a.value"})
    first = cli("run", path, "--cache-dir", folder / "cache", "--json").json
    assert first["nodes"]["a"]["status"] == "executed"
    second = cli("run", path, "--cache-dir", folder / "cache", "--json").json
    assert second["nodes"]["a"]["status"] == "cached"
    assert second["outputs"] == first["outputs"] == {"n": [5]}


def test_quiet_shows_no_progress(cli, gradient):
    assert "blur" in cli("run", gradient).err
    assert "blur" not in cli("run", gradient, "--quiet").err


def test_the_device_and_the_dtype_reach_the_nodes_or_are_refused(cli, gradient):
    assert cli("run", gradient, "--device", "cpu", "--dtype", "bfloat16").status == 0
    unknown = cli("run", gradient, "--device", "tpu9")
    assert unknown.status == 2
    assert "'tpu9' is no device" in unknown.err
    absent = cli("run", gradient, "--device", "cuda:99")
    assert absent.status == 2
    assert "there is no cuda:99" in absent.err
    dtype = cli("run", gradient, "--dtype", "float12")
    assert dtype.status == 2
    assert "float16" in dtype.err


def test_a_run_that_lies_on_disk_is_saved_without_torch(gradient, tmp_path):
    """The picture is the same as the computed one; only its pixels were on disk."""
    code = (
        "import sys, json, io, contextlib\n"
        "from graphgen.cli import main\n"
        "out = io.StringIO()\n"
        "with contextlib.redirect_stdout(out):\n"
        "    assert main(['run', sys.argv[1], '--cache-dir', sys.argv[2], '--json']) == 0\n"
        "told = json.loads(out.getvalue())\n"
        "print(json.dumps([told, 'torch' in sys.modules]))"
    )

    def run():
        told, torch_loaded = json.loads(python(code, str(gradient), str(tmp_path / "kept")))
        (path,) = (Path(p) for paths in told["outputs"].values() for p in paths)
        return path.read_bytes(), {n["status"] for n in told["nodes"].values()}, torch_loaded

    first, computed, loaded = run()
    assert (computed, loaded) == ({"executed"}, True)
    again, cached, loaded = run()
    assert (cached, loaded) == ({"cached"}, False)
    assert again == first


def test_a_profile_shows_the_nodes_of_the_run(cli, gradient, folder):
    done = cli("run", gradient, "--profile", "traces/run.json")
    assert done.status == 0, done.err
    assert "trace: traces/run.json" in done.err
    events = json.loads((folder / "traces" / "run.json").read_text())["traceEvents"]
    assert {"run succeeded", "paint", "blur"} <= {event["name"] for event in events}


def test_a_profile_shows_what_went_to_disk_and_came_from_there(cli, write, folder):
    path = write({"a": ("probe/wait", {"seconds": 0.02})}, {"n": "a.value"})

    def kinds(name):
        done = cli("run", path, "--cache-dir", "kept", "--profile", name)
        assert done.status == 0, done.err
        events = json.loads((folder / name).read_text())["traceEvents"]
        return {e["name"].split()[0] for e in events if e["args"].get("bytes")}

    assert kinds("first.json") == {"write"}
    assert kinds("again.json") == {"read"}


def test_a_profile_of_a_run_that_failed_is_written_too(cli, write, folder):
    path = write({"a": ("probe/fail", {})}, {"n": "a.value"})
    assert cli("run", path, "--profile", "run.json").status == 1
    events = json.loads((folder / "run.json").read_text())["traceEvents"]
    assert "run failed" in {event["name"] for event in events}


def test_a_profile_needs_a_place_and_a_run_here(cli, gradient, folder):
    (folder / "taken").mkdir()
    assert "is a folder" in cli("run", gradient, "--profile", "taken").err
    (folder / "file").write_text("")
    assert "is no folder" in cli("run", gradient, "--profile", "file/run.json").err
    there = cli("run", gradient, "--profile", "run.json", "--server", "http://127.0.0.1:1")
    assert "--profile is for runs here" in there.err
