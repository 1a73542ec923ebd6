from __future__ import annotations


def test_nodes_are_listed_by_category(cli):
    lines = cli("nodes").out.splitlines()
    assert lines.index("image") < lines.index("probe")
    (half,) = [line for line in lines if "probe/half" in line]
    assert half.split(None, 2) == ["probe/half", "Half", "Half of a number."]


def test_one_category(cli):
    out = cli("nodes", "probe").out
    assert "probe/number" in out
    assert "image/" not in out
    assert cli("nodes", "probe/").out == out


def test_one_node_shows_its_ports(cli):
    lines = [" ".join(line.split()) for line in cli("nodes", "probe/number").out.splitlines()]
    assert lines[0] == "probe/number: Number (version 1, pack probe)"
    assert "value int = 1 Any small number. (0 to 100)" in lines
    assert lines[-2:] == ["outputs", "value int"]
    lines = [" ".join(line.split()) for line in cli("nodes", "probe/settings").out.splitlines()]
    assert "mode str = 'fast' (one of fast, slow)" in lines
    lines = [" ".join(line.split()) for line in cli("nodes", "probe/read").out.splitlines()]
    assert "file str required A text file." in lines


def test_json_is_the_catalogue(cli):
    answer = cli("nodes", "--json").json
    by_id = {node["id"]: node for node in answer["nodes"]}
    number = by_id["probe/number"]
    assert number["pack"] == "probe"
    assert number["inputs"]["value"]["schema"]["maximum"] == 100
    assert number["outputs"]["value"]["type"]["names"] == ["int"]
    assert "image/solid" in by_id
    packs = {pack["name"]: pack for pack in answer["packs"]}
    assert packs["probe"]["version"] == "1.0"
    assert "probe/number" in packs["probe"]["nodes"]
    assert [node["id"] for node in cli("nodes", "probe/half", "--json").json["nodes"]] == [
        "probe/half"
    ]


def test_an_unknown_node_is_answered_with_its_neighbours(cli):
    done = cli("nodes", "probe/nummber")
    assert done.status == 2
    assert "probe/number" in done.err
