from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from graphgen_medical.types import Report, Segmentation, Source, Volume

HEAVY = ("torch", "numpy", "monai", "SimpleITK", "skimage", "pydicom", "nibabel", "highdicom")


def test_importing_the_pack_is_cheap():
    code = (
        "import sys, graphgen_medical as m; m.graphgen_types(); m.graphgen_nodes();"
        f"print([n for n in {HEAVY!r} if n in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_derived_volume_keeps_its_origin():
    volume = Volume(torch.zeros(2, 3, 4), source=Source(slices=("1.2", "1.3"), kind="DICOM"))
    derived = volume.derive(torch.ones(2, 3, 4), "Filled with ones.", unit="US")
    assert derived.source is volume.source
    assert derived.steps == ("Filled with ones.",)
    assert derived.unit == "US"
    assert volume.size == (4, 3, 2)


@pytest.mark.parametrize(
    "data",
    [torch.zeros(3, 4), torch.zeros(2, 3, 4, dtype=torch.float64), torch.zeros(0, 3, 4), [[[1.0]]]],
)
def test_a_volume_of_another_form_is_refused(data):
    with pytest.raises(ValueError, match=r"Volume\.data"):
        Volume(data)


def test_labels_need_names():
    labels = torch.zeros(2, 2, 2, dtype=torch.uint8)
    labels[0, 0, 0] = 2
    with pytest.raises(ValueError, match="names"):
        Segmentation(labels, ("lung",))
    assert Segmentation(labels, ["left lung", "right lung"]).names[1] == "right lung"


def test_a_report_reads_as_a_table():
    report = Report("Before and after", [("PSNR", 31.234567, "dB"), ("SSIM", 0.91, "")], ["Seen."])
    assert "| PSNR | 31.23 | dB |" in report.markdown()
    assert report.markdown().endswith("Seen.\n")
