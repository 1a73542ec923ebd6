"""What the editor's own tests take for granted of the engine is still so."""

import json
import runpy
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
TESTING = WEB / "src" / "testing"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(WEB / "scripts" / "fixtures.py"))


def test_links_are_decided_as_the_editor_was_told(script):
    told = json.loads((TESTING / "compatible.json").read_text(encoding="utf-8"))
    assert script["compatible_table"]() == told


def test_the_catalogue_is_that_of_the_shipped_packs(script):
    """If this fails: run web/scripts/fixtures.py, and the editor's tests."""
    told = json.loads((TESTING / "catalogue.json").read_text(encoding="utf-8"))
    assert script["catalogue"]() == told
