"""Nothing that identifies is left in any byte of what is saved."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import ClassVar

import pydicom
import pytest
import torch
from graphgen import Context

from graphgen_medical import storing
from graphgen_medical.load import read_scan
from graphgen_medical.save import save_capture, save_dicom, save_nifti, save_segmentation
from graphgen_medical.types import Picture, Segmentation

from . import scans


class Target:
    """A place to save a named output, as a run gives one."""

    metadata: ClassVar = {"graphgen": "a workflow that names /scans/Quixote/ct"}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        folder.mkdir()

    def path(self, suffix: str, *, folder: bool = False) -> Path:
        self.count += 1
        return self.folder / f"{self.count}{suffix}"


@pytest.fixture
def scan(tmp_path):
    """A scan whose descriptions name the patient, too, and the texts that no file may hold."""
    texts = {
        "StudyDescription": "Quixote chest",
        "SeriesDescription": "Alonso lung",
        "ProtocolName": "for Dulcinea",
        "PatientComments": "rides Rocinante 7",
        "ImageComments": "seen by Sancho",
        "InstitutionAddress": "La Mancha General, Spain",
        "DeviceSerialNumber": "PID-48213",
        "RequestedProcedureDescription": "Quixote again",
        "PatientAge": "077Y",
        "ManufacturerModelName": "Dulcinea 16",
        "FilterType": "OTHER-771",
        "BodyPartExamined": "QUIXOTE",
    }
    slices = scans.ct_slices(**texts)
    volume = read_scan(scans.write(slices, tmp_path / "Quixote Alonso"))
    uids = {slices[0].StudyInstanceUID, slices[0].SeriesInstanceUID, slices[0].FrameOfReferenceUID}
    uids |= {one.SOPInstanceUID for one in slices}
    return volume, [*scans.SECRETS, "SAILS 1.0", "077Y", *map(str, uids)]


def files(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def leaks(path, secrets):
    """Which secrets stand in a file or its name: as bytes, in any case, also in UTF-16 and in
    archives."""
    content = path.read_bytes()
    contents = [content, path.name.encode()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            contents += [archive.read(name) for name in archive.namelist()]
    if path.suffix == ".gz":
        import gzip

        contents.append(gzip.decompress(content))
    found = set()
    for one in contents:
        lowered = one.lower()
        for secret in secrets:
            for text in (secret, secret.replace(" ", "")):
                for encoding in ("latin-1", "utf-16-le"):
                    if text.lower().encode(encoding) in lowered:
                        found.add(secret)
    return found


def saved_in_every_way(volume, folder, **options):
    ctx = Context(outputs=folder)
    labels = Segmentation(
        (volume.data < -800).to(torch.uint8), ("lung",), volume.affine, volume.source, "Threshold."
    )
    picture = Picture(torch.zeros(8, 8, dtype=torch.uint8))
    save_dicom(volume, ctx=ctx, **options)
    save_dicom(volume, packing="zip", ctx=ctx, **options)
    save_segmentation(labels, ctx=ctx, **options)
    save_capture(picture, volume, ctx=ctx, **options)
    save_nifti(volume, ctx=ctx)
    save_segmentation(labels, "labels", "nifti", ctx=ctx)
    target = Target(folder / "named")
    storing.save_volume(volume, target)
    storing.save_segmentation(labels, target)
    storing.save_picture(picture, target)
    return files(folder)


def test_no_byte_identifies(scan, tmp_path):
    volume, secrets = scan
    saved = saved_in_every_way(volume, tmp_path / "out")
    assert len(saved) == 6 + 1 + 1 + 1 + 2 + 6 + 1 + 1
    assert {path.name: leaks(path, secrets) for path in saved if leaks(path, secrets)} == {}


def test_the_search_for_leaks_finds_them(scan, tmp_path):
    volume, secrets = scan
    saved = saved_in_every_way(volume, tmp_path / "out", deidentify=False)
    found = set().union(*(leaks(path, secrets) for path in saved))
    assert {"Quixote", "PID-48213", "19470316", "ACC-99812", "Dulcinea", "Sancho"} <= found
    assert "private words" not in found


def test_what_was_kept_as_harmless_is_kept_unless_it_names_somebody(scan, tmp_path):
    volume, _ = scan
    paths = save_dicom(volume, ctx=Context(outputs=tmp_path)).paths
    one = pydicom.dcmread(paths[0])
    assert (one.Manufacturer, one.ConvolutionKernel, one.KVP) == ("Windmill", "B30f", 120)
    for keyword in ("ManufacturerModelName", "FilterType", "BodyPartExamined"):
        assert not one.get(keyword)


def test_no_private_attribute_and_no_person_but_the_pseudonym(scan, tmp_path):
    volume, _ = scan
    for path in saved_in_every_way(volume, tmp_path / "out"):
        if path.suffix != ".dcm":
            continue
        one = pydicom.dcmread(path)
        assert one.PatientIdentityRemoved == "YES"
        assert "dicognito" in one.DeidentificationMethod
        for element in one.iterall():
            assert not element.tag.is_private
            assert element.VR != "PN" or element.keyword == "PatientName" or not element.value
        assert re.fullmatch(r"[A-Z]+\^[A-Z]+\^?[A-Z]*", str(one.PatientName))


def test_pseudonyms_agree_under_one_key_and_differ_under_another(scan, tmp_path):
    volume, _ = scan
    named = []
    for key in ("one", "one", "two", "", ""):
        paths = save_dicom(volume, key=key, ctx=Context(outputs=tmp_path / "out")).paths
        one = pydicom.dcmread(paths[0])
        named.append((one.PatientID, one.StudyInstanceUID, one.FrameOfReferenceUID))
    assert named[0] == named[1] != named[2]
    assert named[3] == named[4]  # of one process
    assert named[3] not in named[:3]


def test_a_picture_carries_no_workflow(tmp_path):
    target = Target(tmp_path / "out")
    storing.save_picture(Picture(torch.zeros(8, 8, dtype=torch.uint8)), target)
    assert leaks(tmp_path / "out" / "1.png", ["Quixote", "graphgen"]) == set()


@pytest.mark.skipif(not (scans.DATA / "chest").is_dir(), reason="real CT is absent: make data")
def test_a_real_series_loses_its_identifiers(tmp_path):
    original = pydicom.dcmread(scans.DATA / "chest" / "1-01.dcm", stop_before_pixels=True)
    volume = read_scan(scans.DATA / "chest" / "1-01.dcm")
    secrets = [
        str(original.PatientID),
        str(original.StudyInstanceUID),
        str(original.SOPInstanceUID),
        str(original.StudyDate),
        "Lung-PET-CT-Dx",
        "ELSCINT1",
    ]
    saved = saved_in_every_way(volume, tmp_path / "out")
    assert {path.name: leaks(path, secrets) for path in saved if leaks(path, secrets)} == {}
