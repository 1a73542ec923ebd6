"""The document: read from JSON, plain data and PNGs; every problem said; written whole."""

import io
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from graphgen import InvalidWorkflow, Workflow
from graphgen.engine.reading import references
from graphgen.workflow import link_of, literal_of, split_port
from tests.support import attempt, graph, link

DOCUMENT = {
    "format": "graphgen/1",
    "name": "Sum",
    "description": "Adds up.",
    "inputs": {"first": "a.value", "both": ["a.value", "b.value"]},
    "outputs": {"sum": "add.value"},
    "nodes": {
        "a": {"type": "core/number", "inputs": {"value": 1}},
        "b": {"type": "core/number", "version": 2, "inputs": {"value": {"literal": {"link": "x"}}}},
        "add": {"type": "core/add", "inputs": {"a": link("a.value"), "b": link("b.value")}},
    },
    "workflows": {"inner": {"format": "graphgen/1", "nodes": {"n": {"type": "core/number"}}}},
    "editor": {"positions": {"a": [0, 1.5]}},
}


def problems(source, parse=Workflow.read):
    with pytest.raises(InvalidWorkflow) as caught:
        parse(source)
    return caught.value.problems


def png(path, workflow=None, key="graphgen", zipped=False):
    info = PngInfo()
    if workflow is not None:
        info.add_text(key, workflow, zip=zipped)
    Image.new("RGB", (4, 4), "red").save(path, pnginfo=info)
    return path


def test_read_from_plain_data_json_and_itself(tmp_path):
    path = tmp_path / "sum.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")

    workflow = Workflow.read(DOCUMENT)

    assert Workflow.read(path) == Workflow.read(str(path)) == workflow
    assert Workflow.read(workflow) is workflow
    assert workflow.nodes["b"].version == 2
    assert workflow.nodes["a"].version == 1
    assert workflow.outputs == {"sum": "add.value"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_in_any_unicode_encoding(tmp_path, encoding):
    path = tmp_path / "sum.json"
    path.write_text(
        json.dumps(DOCUMENT | {"name": "Größe 🍎"}, ensure_ascii=False), encoding=encoding
    )

    assert Workflow.read(path).name == "Größe 🍎"


@pytest.mark.parametrize("zipped", [False, True])
def test_read_from_a_png_that_holds_one(tmp_path, zipped):
    path = png(tmp_path / "picture.png", json.dumps(DOCUMENT), zipped=zipped)

    assert Workflow.read(path) == Workflow.read(DOCUMENT)


def test_a_png_is_known_by_its_content_not_its_name(tmp_path):
    path = png(tmp_path / "picture.png", json.dumps(DOCUMENT)).rename(tmp_path / "picture.json")

    assert Workflow.read(path) == Workflow.read(DOCUMENT)


def test_a_png_without_a_workflow(tmp_path):
    (problem,) = problems(png(tmp_path / "plain.png"))

    assert problem.code == "no_workflow_in_image"
    assert "plain.png" in problem.message
    assert problem.hint


def test_a_png_with_something_else_under_the_key(tmp_path):
    (problem,) = problems(png(tmp_path / "odd.png", "not json"))

    assert problem.code == "not_json"
    assert "odd.png" in problem.message


def _png_bytes():
    stream = io.BytesIO()
    info = PngInfo()
    info.add_text("graphgen", json.dumps(DOCUMENT))
    Image.new("RGB", (4, 4), "red").save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


PNG = _png_bytes()


@given(st.integers(8, len(PNG) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_png_gives_a_problem_or_the_same_workflow(tmp_path_factory, at, byte, cut):
    path = tmp_path_factory.mktemp("png") / "damaged.png"
    path.write_bytes(PNG[:at] if cut else PNG[:at] + bytes([byte]) + PNG[at + 1 :])
    workflow, error = attempt(Workflow.read, path)
    if error is None:
        assert workflow == Workflow.read(DOCUMENT)
    else:
        assert all("damaged.png" in p.message for p in error.problems)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ('{"nodes": {}', "not_json"),
        ("nonsense", "not_json"),
        ("[]", "not_a_workflow"),
        ("3", "not_a_workflow"),
        ("null", "not_a_workflow"),
        ("{}", "not_a_workflow"),
        ('{"1": {"class_type": "KSampler"}}', "not_a_workflow"),
        ('{"nodes": []}', "not_a_workflow"),
        ('{"nodes": {}, "links": []}', "not_a_workflow"),
        ('{"nodes": {"a": {}}}', "not_a_workflow"),
        ('{"nodes": {"a": {"type": 3}}}', "not_a_workflow"),
        ('{"nodes": {"a": {"type": "x", "version": 0}}}', "not_a_workflow"),
        ('{"nodes": {"a": {"type": "x", "widgets": []}}}', "not_a_workflow"),
        ('{"nodes": {}, "format": "graphgen/9"}', "unknown_format"),
        ("[" * 5_000 + "]" * 5_000, "too_deep"),
        ("[" * 200_000 + "]" * 200_000, "too_deep"),
    ],
)
def test_what_is_no_workflow_is_said_with_its_file(tmp_path, text, code):
    path = tmp_path / "bad.json"
    path.write_text(text)

    found = problems(path)

    if text.startswith("[["):  # no workflow either
        assert found[0].code in (code, "not_a_workflow")
    else:
        assert [p.code for p in found] == [code]
    assert all(p.message for p in found)


@pytest.mark.parametrize("text", ["{", "{}", "[]"])
def test_the_message_names_the_file(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)

    assert str(path) in problems(path)[0].message


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "bad.json"
    path.write_bytes(b'{"nodes": "\xff\xfe\xfd"}')

    assert [p.code for p in problems(path)] == ["not_json"]


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b", "x" * 5_000])
def test_a_file_that_can_not_be_read(tmp_path, name):
    found = problems(f"{tmp_path}/{name}")

    assert [p.code for p in found] == ["missing_file"]


def test_everything_wrong_with_a_document_is_said_at_once():
    found = problems(
        {
            "format": "graphgen/2",
            "nodes": {"a": {"type": "x", "inputs": []}, "b": {}, "c": {"type": "y", "extra": 1}},
            "surplus": True,
        }
    )

    assert [(p.code, p.node) for p in found] == [
        ("unknown_format", None),
        ("not_a_workflow", "a"),
        ("not_a_workflow", "b"),
        ("not_a_workflow", "c"),
        ("not_a_workflow", None),
    ]
    assert "nodes.a.inputs" in found[1].message
    assert "nodes.b.type" in found[2].message
    assert "surplus" in found[4].message


@pytest.mark.parametrize("id", ["", "a.b", "a/b", ".", "a\0b"])
def test_ids_that_references_could_not_name(id):
    (problem,) = problems({"nodes": {"fine": {"type": "x"}, id: {"type": "x"}}})

    assert (problem.code, problem.node) == ("invalid_id", id)
    assert problem.hint


def test_ids_inside_subgraphs_are_checked_too():
    (problem,) = problems({"nodes": {}, "workflows": {"w": {"nodes": {"a.b": {"type": "x"}}}}})

    assert (problem.code, problem.node) == ("invalid_id", "w/a.b")


def test_any_other_id_is_fine():
    ids = ["a", "a b", "ä", "節", "1", "-", "a[0]", "🍎"]

    assert list(Workflow.read(graph(dict.fromkeys(ids, "x"))).nodes) == ids


@pytest.mark.parametrize("depth", [250, 50_000])
def test_deep_nesting_is_refused_wherever_it_is(depth):
    deep = "[" * depth + "]" * depth
    for text in (
        f'{{"nodes": {{"a": {{"type": "x", "inputs": {{"v": {deep}}}}}}}}}',
        f'{{"nodes": {{}}, "editor": {{"v": {deep}}}}}',
    ):
        assert [p.code for p in problems(text, Workflow.parse_json)] == ["too_deep"]


def test_moderate_nesting_is_fine():
    value = 1
    for _ in range(100):
        value = [value]

    workflow = Workflow.read({"nodes": {"a": {"type": "x", "inputs": {"v": value}}}})
    assert workflow.nodes["a"].inputs["v"] == value


@pytest.mark.parametrize(
    ("value", "linked", "literal"),
    [
        (link("a.b"), "a.b", link("a.b")),
        ({"link": 3}, None, {"link": 3}),
        ({"link": "a.b", "more": 1}, None, {"link": "a.b", "more": 1}),
        ({"literal": link("a.b")}, None, link("a.b")),
        ({"literal": {"literal": 1}}, None, {"literal": 1}),
        ([link("a.b")], None, [link("a.b")]),
        (3, None, 3),
        ("a.b", None, "a.b"),
    ],
)
def test_links_and_literals(value, linked, literal):
    assert link_of(value) == linked
    assert literal_of(value) == literal


@pytest.mark.parametrize(
    ("reference", "split"),
    [("a.b", ("a", "b")), ("s/a.b", ("s/a", "b")), ("a", ("a", "")), ("a.b.c", ("a.b", "c"))],
)
def test_references(reference, split):
    assert split_port(reference) == split


def test_with_inputs_sets_every_port_that_a_name_feeds_and_leaves_the_original():
    workflow = Workflow.read(DOCUMENT)

    changed = workflow.with_inputs({"both": 7})

    assert changed.nodes["a"].inputs == {"value": 7}
    assert changed.nodes["b"].inputs == {"value": 7}
    assert workflow == Workflow.read(DOCUMENT)
    assert changed.nodes["add"] is workflow.nodes["add"]
    assert workflow.with_inputs({}) is workflow


def test_with_inputs_names_every_unknown_one():
    with pytest.raises(InvalidWorkflow) as caught:
        Workflow.read(DOCUMENT).with_inputs({"firts": 1, "first": 2, "nope": 3})

    assert [p.code for p in caught.value.problems] == ["unknown_input", "unknown_input"]
    assert "firts" in caught.value.problems[0].message
    assert "first, both" in caught.value.problems[0].hint


@pytest.mark.parametrize(
    "value",
    [
        link("a.value"),
        [link("a.value")],
        {"x": link("a.value")},
        {"literal": 1},
        {"literal": {"literal": 1}},
    ],
)
def test_an_input_is_a_value_and_never_a_link(value):
    changed = Workflow.read(DOCUMENT).with_inputs({"first": value})

    given = changed.nodes["a"].inputs["value"]
    assert references(given) == []
    assert literal_of(given) == value


def test_an_input_nested_too_deeply_is_refused():
    value = []
    for _ in range(5_000):
        value = [value]

    with pytest.raises(InvalidWorkflow) as caught:
        Workflow.read(DOCUMENT).with_inputs({"first": value})
    assert [p.code for p in caught.value.problems] == ["too_deep"]


def test_writing_leaves_out_what_is_empty(tmp_path):
    path = tmp_path / "folder" / "out.json"

    Workflow.read(graph({"a": ("core/number", {"value": 1})})).write(path)

    assert json.loads(path.read_text()) == {
        "format": "graphgen/1",
        "nodes": {"a": {"type": "core/number", "inputs": {"value": 1}}},
    }
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "sum.json"
    Workflow.read(DOCUMENT).write(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        Workflow.read(graph({"a": "x"})).write(path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_literal_that_json_does_not_know_is_refused_before_the_file_is_touched(tmp_path):
    path = tmp_path / "sum.json"
    path.write_text("old")
    workflow = Workflow.read(DOCUMENT).with_inputs({"first": object()})

    with pytest.raises(TypeError):
        workflow.write(path)
    assert path.read_text() == "old"


def test_a_lone_surrogate_survives(tmp_path):
    text = r'{"nodes": {"a": {"type": "x", "inputs": {"t": "\ud800"}}}}'
    try:
        workflow = Workflow.parse_json(text)
    except InvalidWorkflow:
        return
    workflow.write(tmp_path / "out.json")
    assert Workflow.read(tmp_path / "out.json") == workflow


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
IDS = st.text(st.characters(exclude_characters="./\0", codec="utf-8"), min_size=1, max_size=6)
NODES = st.dictionaries(
    IDS,
    st.fixed_dictionaries(
        {"type": st.text(st.characters(codec="utf-8"))},
        optional={
            "version": st.integers(1, 9),
            "inputs": st.dictionaries(st.text(st.characters(codec="utf-8")), PLAIN, max_size=3),
        },
    ),
    max_size=4,
)
DOCUMENTS = st.recursive(
    st.fixed_dictionaries({"nodes": NODES}),
    lambda inner: st.fixed_dictionaries(
        {"nodes": NODES},
        optional={
            "name": st.text(st.characters(codec="utf-8")),
            "description": st.text(st.characters(codec="utf-8")),
            "inputs": st.dictionaries(IDS, IDS | st.lists(IDS, max_size=2), max_size=2),
            "outputs": st.dictionaries(IDS, IDS, max_size=2),
            "workflows": st.dictionaries(IDS, inner, max_size=2),
            "editor": st.dictionaries(IDS, PLAIN, max_size=2),
        },
    ),
    max_leaves=3,
)


@given(DOCUMENTS)
def test_a_document_comes_back_as_it_was_written(document):
    workflow = Workflow.read(document)

    assert Workflow.parse_json(workflow.to_json()) == workflow
    assert Workflow.parse_json(workflow.to_json(indent=None)) == workflow
    assert Workflow.read(workflow.to_dict()) == workflow


@given(st.binary(max_size=60) | st.text(max_size=60) | PLAIN.map(json.dumps))
def test_any_text_is_a_workflow_or_a_problem(data):
    _, error = attempt(Workflow.parse_json, data)
    assert error is None or error.problems


@given(PLAIN)
def test_any_data_is_a_workflow_or_a_problem(data):
    for document in (data, {"nodes": data}, {"nodes": {"a": data}}):
        _, error = attempt(Workflow.parse, document)
        assert error is None or error.problems
