from __future__ import annotations


def test_the_cache_is_shown_and_cleared(cli, write, folder):
    path = write({"a": ("probe/wait", {"seconds": 0.02})}, {"n": "a.value"})
    assert cli("run", path, "--cache-dir", "kept").status == 0
    shown = cli("cache", "--cache-dir", "kept", "--json").json
    assert shown["folder"] == str(folder / "kept")
    assert shown["entries"] == 1
    files = [p for p in (folder / "kept").rglob("*") if p.is_file()]
    assert shown["bytes"] == sum(p.stat().st_size for p in files)
    assert "1 entries" in cli("cache", "show", "--cache-dir", "kept").out
    (folder / "kept" / "mine.txt").write_text("not the cache's")
    cleared = cli("cache", "clear", "--cache-dir", "kept", "--json").json
    assert cleared["freed"] == shown["bytes"]
    assert (cleared["entries"], cleared["bytes"]) == (0, 0)
    assert [p.name for p in (folder / "kept").rglob("*") if p.is_file()] == ["mine.txt"]
    answer = cli("run", path, "--cache-dir", "kept", "--json").json
    assert answer["nodes"]["a"]["status"] == "executed"


def test_without_a_folder_it_is_that_of_the_workspace(cli, folder):
    shown = cli("cache", "--json").json
    assert shown == {
        "folder": str(folder.parent / "workspace" / "cache"),
        "entries": 0,
        "bytes": 0,
        "freed": 0,
    }
    other = cli("cache", "clear", "--workspace", folder / "other")
    assert other.out.startswith(str(folder / "other" / "cache"))
