"""``graphgen run --server``, against a server in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
from pathlib import Path

import pytest

from graphgen import Client, Workflow
from tests.server.live import eventually
from tests.support import python

GRADIENT = {
    "paint": ("image/gradient", {"width": 32, "height": 24, "start": "#102030", "end": "#e0a050"}),
    "blur": ("image/blur", {"image": "=paint.image", "radius": 2}),
}


@pytest.fixture
def far(folder):
    """Workspace of the server."""
    return folder.parent / "far"


@pytest.fixture
def serve(start, far, folder):
    """Starts servers; gives their addresses."""
    running = []

    def call(*options):
        log = (folder.parent / f"server-{len(running)}.log").open("w")
        process = start("serve", "--port", 0, "--workspace", far, *options, stderr=log)
        running.append(process)
        address = process.stdout.readline().strip()
        assert address, Path(log.name).read_text()
        return address

    yield call
    for process in running:
        process.terminate()
        process.wait(30)


@pytest.fixture
def server(serve):
    return serve().rstrip("/")


@pytest.fixture
def client(server):
    with Client(server) as client:
        yield client


@pytest.fixture
def there(cli, server):
    """Runs a workflow on the server."""
    return lambda *arguments: cli("run", *arguments, "--server", server)


@pytest.fixture
def gradient(write):
    return write(
        GRADIENT,
        {"picture": "blur.image"},
        {"start": "paint.start", "width": "paint.width"},
        name="sky.json",
    )


def without_times(text):
    return re.sub(r"\d+\.\d\d s", "T", re.sub(r"\d{8}-\d{6}(?=-)", "WHEN", text))


def shape(answer):
    """What is the same in every run of a workflow."""
    names = [str(answer["folder"]), *(v for o in answer["outputs"].values() for v in o)]
    assert all(not str(name).endswith(".partial") for name in names)
    nodes = {id: node["status"] for id, node in answer["nodes"].items()}
    outputs = {
        name: [Path(v).name if isinstance(v, str) and "/" in v else v for v in values]
        for name, values in answer["outputs"].items()
    }
    return {**answer, "nodes": nodes, "outputs": outputs, "run_id": "", "seconds": 0, "folder": ""}


def test_a_run_looks_as_one_here(cli, there, gradient, folder):
    here, far_away = cli("run", gradient, "-s", "width=48"), there(gradient, "-s", "width=48")

    assert far_away.status == here.status == 0, far_away.err
    assert far_away.last != here.last
    assert without_times(far_away.out).replace("-2/", "/") == without_times(here.out)
    assert without_times(far_away.err) == without_times(here.err)
    assert far_away.last.parent.parent == Path("outputs")
    assert far_away.last.read_bytes() == here.last.read_bytes()
    assert Workflow.read(far_away.last).nodes["paint"].inputs["width"] == 48
    assert not [*(folder / "outputs").glob("*/.partial*")]


def test_json_is_the_same_object(cli, there, write, folder):
    path = write(
        {
            "text": ("probe/text", {"text": "grüße"}),
            "count": ("probe/numbers", {"count": 2}),
            "one": ("probe/numbers", {"count": 1}),
            "none": ("probe/numbers", {"count": 0}),
            "half": ("probe/half", {"value": 3}),
            "paint": ("image/solid", {"width": 8, "height": 8, "batch": 3}),
            "note": "probe/note",
            "blob": "probe/blob",
        },
        {
            "said": "text.value",
            "numbers": "count.value",
            "one": "one.value",
            "none": "none.value",
            "half": "half.value",
            "pictures": "paint.image",
            "note": "note.note",
            "blob": "blob.blob",
        },
        name="all.json",
    )
    here = cli("run", path, "--json", "--output", folder / "here")
    far_away = there(path, "--json", "--output", folder / "there")

    assert far_away.status == here.status == 0, far_away.err
    assert list(far_away.json) == list(here.json)
    assert shape(far_away.json) == shape(here.json)
    names = [
        sorted(p.name for p in Path(done.json["folder"]).iterdir()) for done in (here, far_away)
    ]
    assert names[0] == names[1]
    for name in ("said.txt", "numbers.json", "one.json", "half.json", "pictures-02.png"):
        texts = [(Path(done.json["folder"]) / name).read_bytes() for done in (here, far_away)]
        assert texts[0] == texts[1]


def test_targets(there, write):
    path = write(
        {
            "a": ("probe/number", {"value": 4}),
            "b": ("probe/half", {"value": "=a.value"}),
            "n": "probe/note",
            "c": ("probe/fail", {"value": "=a.value"}),
        },
        {"c": "c.value"},
    )
    answer = there(path, "-t", "b", "-t", "a", "-t", "n", "--json").json

    assert answer["outputs"]["b.value"] == [2.0]
    assert answer["outputs"]["a.value"] == [4]
    names = [Path(file).name for file in answer["outputs"]["n.note"]]
    assert names == ["n.note.note", "n.note.meta.txt"]
    assert set(answer["nodes"]) == {"a", "b", "n"}
    unknown = there(path, "--target", "bb")
    assert unknown.status == 2
    assert "'bb'" in unknown.err


def test_failures_look_as_they_do_here(cli, there, write):
    path = write(
        {"good": "probe/number", "bad": "probe/fail", "hand": "probe/handle"},
        {"good": "good.value", "bad": "bad.value", "hand": "hand.handle"},
    )
    here, far_away = cli("run", path), there(path)
    assert far_away.status == here.status == 1
    # Nodes that need nothing of each other end in any order.
    told_here, told_there = without_times(here.err), without_times(far_away.err)
    assert sorted(told_there.splitlines()) == sorted(told_here.splitlines())
    assert far_away.out.splitlines()[0] == "good: 1"
    assert shape(there(path, "--json").json) == {
        **shape(cli("run", path, "--json").json),
        "nodes": {"good": "cached", "bad": "failed", "hand": "cached"},
    }


def test_what_is_wrong_is_said_as_it_is_here(cli, there, gradient):
    for settings in (["width=x"], ["nope=1"], ["width=-3"], ["start=@none.txt"], ["="]):
        arguments = [gradient, *(part for text in settings for part in ("--set", text))]
        here, far_away = cli("run", *arguments), there(*arguments)
        assert far_away.status == here.status == 2
        assert far_away.err == here.err
    assert there("sky").status == 2


def test_files_that_settings_name_are_sent(there, write, folder, far):
    path = write(
        {"read": "probe/read", "title": "probe/title"},
        {"text": "read.value", "title": "title.value"},
        {"file": "read.file", "note": "title.note"},
    )
    (folder / "words.txt").write_text("first")
    (folder / "letter.note").write_text("Dear reader\nmore")
    for value in ("words.txt", "@words.txt", folder / "words.txt"):
        done = there(path, "-s", f"file={value}", "-s", "note=@letter.note", "--json")
        assert done.status == 0, done.err
        assert done.json["outputs"] == {"text": ["first"], "title": ["Dear reader"]}
    kept = sorted(path.name for path in (far / "inputs").iterdir())
    assert [re.sub(r"[0-9a-f]{8}", "HASH", name) for name in kept] == [
        "letter-HASH.note",
        "words-HASH.txt",
    ]
    assert not (folder.parent / "workspace" / "inputs").exists()
    (folder / "scan").mkdir()
    (folder / "scan" / "1.dcm").write_bytes(b"slice")
    there(path, "-s", "file=scan", "-s", "note=@letter.note")
    (sent,) = (far / "inputs").glob("scan-*")
    assert (sent / "1.dcm").read_bytes() == b"slice"


def test_files_beside_a_workflow_are_sent_and_its_picture_repeats(there, cli, write, folder):
    path = write(
        {
            "read": ("probe/read", {"file": "assets/words.txt"}),
            "paint": ("image/gradient", {"width": 8, "height": 8}),
            "grid": ("image/grid", {"images": ["=paint.image"], "labels": ["=read.value"]}),
        },
        {"picture": "grid.image", "text": "read.value"},
        name="flows/flow.json",
    )
    words = folder / "flows" / "assets" / "words.txt"
    words.parent.mkdir()
    words.write_text("beside")
    done = there(path)
    assert done.status == 0, done.err
    made_here = cli("run", path).last
    words.unlink()
    again = there(done.last)
    assert again.status == 0, again.err
    assert again.last.read_bytes() == done.last.read_bytes()
    # What was made here names a file of the workspace here, which the server gets.
    assert there(made_here).last.read_bytes() == done.last.read_bytes()


def test_a_picture_made_here_repeats_there(there, cli, write, folder, far):
    path = write(
        {
            "read": "probe/read",
            "paint": ("image/gradient", {"width": 8, "height": 8}),
            "grid": ("image/grid", {"images": ["=paint.image"], "labels": ["=read.value"]}),
        },
        {"picture": "grid.image"},
        {"file": "read.file"},
    )
    (folder / "words.txt").write_text("here")
    made = cli("run", path, "-s", "file=words.txt").last
    done = there(made)

    assert done.status == 0, done.err
    assert done.last.read_bytes() == made.read_bytes()
    kept = [path.name for path in (far / "inputs").iterdir()]
    shutil.rmtree(folder.parent / "workspace")
    assert there(made).last.read_bytes() == made.read_bytes()
    assert [path.name for path in (far / "inputs").iterdir()] == kept


def test_a_picture_sends_nothing_that_lies_beside_it(there, write, folder):
    path = write({"read": ("probe/read", {"file": "secret.txt"}), **GRADIENT}, {"p": "blur.image"})
    (folder / "secret.txt").write_text("secret")
    picture = there(path, "--target", "blur").last.rename(folder / "picture.png")
    stranger = Workflow.read(picture).model_copy(update={"nodes": Workflow.read(path).nodes})
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    with Image.open(picture) as image:
        info = PngInfo()
        info.add_text("graphgen", stranger.to_json())
        image.save(picture, pnginfo=info)
    done = there(picture, "--target", "read")
    assert done.status == 2
    assert "'secret.txt' does not exist" in done.err


def test_workflows_that_the_server_has_saved_run_by_name(there, client, write):
    inner = write(
        {"paint": ("image/solid", {"width": 4})}, {"image": "paint.image"}, {"w": "paint.width"}
    )
    client.workflows.write("dot", inner)
    assert there("dot", "-s", "w=6").last.parent.name.endswith("-dot")
    outer = write({"d": "workflow/dot"}, {"picture": "d.image"}, {"wide": "d.w"}, name="outer.json")
    done = there(outer, "-s", "wide=12")
    assert done.status == 0, done.err
    assert Workflow.read(done.last).workflows["dot"] == Workflow.read(inner)
    missing = there("dott")
    assert missing.status == 2
    assert "there is no workflow 'dott', neither as a file nor saved on http" in missing.err
    assert "did you mean dot?" in missing.err
    assert there("no/such/file.json").status == 2


def test_options_that_are_the_server_s_own_are_refused(cli, there, gradient, folder):
    done = there(gradient, "--device", "cpu", "--dtype", "float16", "--cache-dir", "c", "--json")
    assert done.status == 2
    said = [problem["message"] for problem in done.json["problems"]]
    assert [text.split()[0] for text in said] == ["--cache-dir", "--device", "--dtype"]
    for option in ("--workspace", "--models"):
        assert f"{option} is for runs here" in there(gradient, option, folder).err
    alone = cli("run", gradient, "--token", "sesame-sesame")
    assert alone.status == 2
    assert "--token is for a server" in alone.err


def test_the_token(cli, serve, gradient, monkeypatch):
    address = serve("--token", "sesame-sesame")
    bare = address.split("?")[0]
    assert cli("run", gradient, "--server", address).status == 0
    assert cli("run", gradient, "--server", bare, "--token", "sesame-sesame").status == 0
    for options, said in (([], "wants a token"), (["--token", "wrong"], "does not take this")):
        done = cli("run", gradient, "--server", bare, *options)
        assert done.status == 2
        assert said in done.err
    monkeypatch.setenv("GRAPHGEN_TOKEN", "sesame-sesame")
    assert cli("run", gradient, "--server", bare).status == 0
    assert cli("run", gradient).status == 0


def test_a_server_that_is_not_there(cli, gradient):
    done = cli("run", gradient, "--server", "http://127.0.0.1:9", "--json")
    assert done.status == 1
    assert done.json["problems"][0]["code"] == "server_unreachable"
    assert cli("run", gradient, "--server", "nonsense://x").status == 2


def test_progress_is_shown_as_a_bar_on_a_terminal(start, server, write):
    path = write(
        {
            "a": ("probe/wait", {"seconds": 0.02}),
            "b": ("probe/wait", {"seconds": 0.6, "after": "=a.value"}),
        },
        {"n": "b.value"},
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    process = start("run", path, "--server", server, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while data := os.read(ours, 65536):
            seen += data
    except OSError:  # the other end is closed
        pass
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0, seen.decode()
    assert out.splitlines()[0] == "n: 0"
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())
    assert re.search(r"1/2 .*b: step \d+ of 60", shown)


def test_why_nothing_happens_is_said(start, server, client, write):
    client.pause()
    client.submit({"nodes": {"n": {"type": "probe/number"}}}, priority=1)
    path = write({"n": "probe/number"}, {"n": "n.value"})
    process = start("run", path, "--server", server)
    until(process, "the server's queue is paused; the run begins when it goes on")
    client.resume()
    process.communicate(timeout=60)
    assert process.returncode == 0
    client.submit({"nodes": {"w": {"type": "probe/wait", "inputs": {"seconds": 3}}}})
    client.submit({"nodes": {"n": {"type": "probe/number"}}})
    process = start("run", path, "--server", server)
    until(process, "2 runs are before it on the server")
    process.communicate(timeout=60)
    assert process.returncode == 0


def until(process, text):
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"{text!r} did not come")


def test_ctrl_c_cancels_the_run_on_the_server_and_keeps_what_is_done(start, server, client, write):
    path = write(
        {
            "quick": ("probe/wait", {"seconds": 0.02}),
            "slow": ("probe/wait", {"after": "=quick.value"}),
        },
        {"first": "quick.value", "last": "slow.value"},
    )
    process = start("run", path, "--server", server)
    until(process, "slow: started")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "cancelled in" in err
    assert f"kept in the cache of {server}: quick" in err
    assert "Traceback" not in err
    assert out.splitlines()[0] == "first: 0"
    (run,) = client.runs()
    assert run.status == "cancelled"


def test_a_second_ctrl_c_ends_the_command_at_once(start, server, client, write):
    process = start(
        "run",
        write({"stuck": ("probe/hang", {"seconds": 4})}, {"n": "stuck.value"}),
        "--server",
        server,
    )
    until(process, "stuck: started")
    process.send_signal(signal.SIGINT)
    until(process, "Ctrl+C again")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT


def test_ctrl_c_takes_a_run_that_waits_out_of_the_queue(start, server, client, write):
    client.pause()
    path = write({"n": "probe/number"}, {"n": "n.value"})
    process = start("run", path, "--server", server, "--json")
    until(process, "queue is paused")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["status"] == "cancelled"
    eventually(lambda: client.queue().queued == [])


def test_nothing_heavy_is_imported(server, gradient):
    code = (
        "import sys, json, io, contextlib\n"
        "from graphgen.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    assert main(['run', sys.argv[1], '--server', sys.argv[2], '--quiet']) == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    modules = set(json.loads(python(code, str(gradient), server)))
    assert modules.isdisjoint({"torch", "numpy", "PIL", "diffusers", "graphgen_nodes"})
