"""The pack in graphgen: found by its entry point, its nodes held to what all nodes owe."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from graphgen import Engine, Workflow
from graphgen.signature import input_schema

from graphgen_medical.types import Report, Segmentation, Source, Volume

from . import scans


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Engine(workspace=tmp_path_factory.mktemp("workspace"), device="cpu") as made:
        yield made


def test_it_is_found_and_nothing_is_wrong(engine):
    assert engine.problems == []
    assert "medical/load" in engine.registry.nodes
    assert {"volume", "segmentation", "picture", "report"} <= engine.registry.types.by_name.keys()


def test_a_scan_is_an_input_by_the_path_of_its_folder(engine, tmp_path):
    folder = scans.write(scans.ct_slices(scans.phantom()), tmp_path / "ct")
    document = {
        "nodes": {"take": {"type": "medical/take_slices"}},
        "inputs": {"scan": "take.volume"},
        "outputs": {"slices": "take.volume"},
    }
    found = input_schema(Workflow.parse(document), engine.registry)["properties"]["scan"]
    assert {".dcm", ".nii.gz"} <= set(found["suffixes"])
    assert found["folders"] is True

    volume = engine.run(document, {"scan": folder}).outputs["slices"]
    assert volume.modality == "CT"


def test_every_node_documents_itself(engine):
    for spec in engine.registry.nodes.values():
        if spec.category != "medical":
            continue
        assert spec.description.rstrip().endswith((".", ")"))
        for name, port in spec.inputs.items():
            assert port.description or not port.type.is_plain, f"{spec.id}.{name}"
        assert json.loads(json.dumps(spec.to_dict(), allow_nan=False)) == spec.to_dict()


def test_what_changes_a_volume_says_what_becomes_of_hounsfield_units(engine):
    changing = [
        spec
        for spec in engine.registry.nodes.values()
        if all(
            any("volume" in port.type.names for port in ports.values())
            for ports in (spec.inputs, spec.outputs)
        )
    ]
    assert len(changing) > 15
    assert [s.id for s in changing if "Hounsfield units: " not in s.description] == []


def test_listing_nodes_loads_nothing_heavy():
    code = """
import sys
from graphgen import Engine
engine = Engine()
assert not engine.problems, engine.problems
[spec.to_dict() for spec in engine.registry.nodes.values()]
print([n for n in ("torch", "numpy", "pydicom", "SimpleITK", "monai") if n in sys.modules])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_values_survive_the_disk_cache(engine):
    import torch
    from graphgen.cache.codec import Codec

    codec = Codec(engine.registry.types)
    source = Source(
        "{}",
        ("1.2", "1.3"),
        (1, 2),
        "1.4",
        "DICOM",
        [[2, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    )
    volume = Volume(
        torch.rand(2, 3, 4),
        [[0.7, 0, 0, 0.1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        source=source,
        steps=("One.",),
    )
    again = codec.decode(codec.encode(volume))
    assert torch.equal(again.data, volume.data)
    assert (again.affine, again.source, again.steps) == (volume.affine, volume.source, volume.steps)
    labels = Segmentation(torch.ones(2, 3, 4, dtype=torch.uint8), ("lung",), source=source)
    assert codec.decode(codec.encode(labels)).names == ("lung",)
    report = Report("Seen", [("PSNR", 30, "dB")], ["Note."])
    assert codec.decode(codec.encode(report)) == report
