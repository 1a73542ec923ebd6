"""Torchvision beside a torch that it was not built for, and beside one that it was."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

# What torchvision does on import when its compiled operators are missing.
BROKEN = """
import torch, torchvision.extension
for _name in ("nms", "qnms"):
    @torch.library.register_fake("torchvision::" + _name)
    def _shape(dets, scores, iou_threshold):
        return dets
"""
FITTING = """
import torch
_library = torch.library.Library("torchvision", "DEF")
_library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
PREPARE = """
from graphgen_nodes._torchvision import prepare_torchvision
prepare_torchvision()
prepare_torchvision()
import torch, torchvision
"""


def run(folder: Path, package: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run code where ``torchvision`` is a package with this content."""
    (folder / "torchvision").mkdir()
    (folder / "torchvision/__init__.py").write_text(package)
    (folder / "torchvision/extension.py").write_text("loads = []\n")
    paths = [str(folder), *sys.path]
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )


def test_missing_operators_stop_the_import_without_us(tmp_path):
    done = run(tmp_path, BROKEN, "import torchvision")
    assert "operator torchvision::nms does not exist" in done.stderr


def test_missing_operators_are_declared(tmp_path):
    done = run(tmp_path, BROKEN, PREPARE + "print(torch.ops.torchvision.qnms)")
    assert (done.returncode, done.stdout.strip()) == (0, "torchvision.qnms"), done.stderr


def test_a_fitting_torchvision_keeps_its_own_operators(tmp_path):
    done = run(tmp_path, FITTING, PREPARE + "print(hasattr(torch.ops.torchvision, 'qnms'))")
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr


def test_other_errors_of_torchvision_are_not_hidden(tmp_path):
    done = run(tmp_path, "raise RuntimeError('another CUDA version')", PREPARE)
    assert "another CUDA version" in done.stderr


def test_spandrel_imports_here():
    code = (
        "from graphgen_nodes._torchvision import prepare_torchvision as prepare; prepare();"
        "import spandrel; print(len(spandrel.MAIN_REGISTRY) > 20)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr
