"""Makes ``import torchvision`` work beside a CPU build of torch.

spandrel and transformers import torchvision, and the registry's torchvision is a CUDA
build: its operators can't be loaded beside a CPU torch, and its import stops with
``operator torchvision::nms does not exist``. Declaring the missing operators is enough,
for nothing that graphgen uses calls them.
"""

from __future__ import annotations

import importlib.util
import threading
from typing import Any

_lock = threading.Lock()
_declared: list[Any] = []  # the declarations last as long as the object that made them


def prepare_torchvision() -> None:
    """Call it before the first import of diffusers, transformers or spandrel."""
    with _lock:
        if _declared or importlib.util.find_spec("torchvision") is None:
            return
        try:
            import torchvision
        except RuntimeError:
            import torch

            library = torch.library.Library("torchvision", "FRAGMENT")
            library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            import torchvision  # noqa: F401

            _declared.append(library)
