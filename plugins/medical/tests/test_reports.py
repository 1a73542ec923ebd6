from __future__ import annotations

import pytest
from graphgen import NodeError

from graphgen_medical.reports import before_after
from graphgen_medical.types import Report


def test_figures_that_both_have_stand_side_by_side():
    before = Report("A", [("Noise (SD)", 40.0, "HU"), ("Mean", 5.0, "HU")], ["Here."])
    after = Report("B", [("Noise (SD)", 10.0, "HU"), ("Mean", 5.0, "")], ["Here.", "There."])
    made = before_after(before, after, "Both")
    assert made.rows == (
        ("Noise (SD), before", 40.0, "HU"),
        ("Noise (SD), after", 10.0, "HU"),
        ("Noise (SD), change", -30.0, "HU"),
    )
    assert (made.title, made.notes) == ("Both", ("Here.", "There."))


def test_reports_with_nothing_in_common():
    with pytest.raises(NodeError, match="share no figure"):
        before_after(Report("A", [("PSNR", 1, "dB")]), Report("B", [("SSIM", 1, "")]))
