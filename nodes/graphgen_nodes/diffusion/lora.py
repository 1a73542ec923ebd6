"""What a LoRA file holds, told from its names and shapes alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from graphgen import NodeError

from .weights import Shapes, kind_of, read_header

_PREFIXES = {
    "unet": ("unet.", "lora_unet_"),
    "text_encoder": ("text_encoder.", "lora_te_", "lora_te1_"),
    "text_encoder_2": ("text_encoder_2.", "lora_te2_"),
}


def belongs_to(name: str, component: str) -> bool:
    """Whether a tensor of a LoRA file is for this network."""
    return name.startswith(_PREFIXES[component])


def read_lora(path: Path) -> Shapes:
    """Names and shapes of a LoRA file.

    Raises:
        NodeError: It is damaged, or holds something else.
    """
    shapes = read_header(path, "lora").shapes
    known = [name for name in shapes if any(belongs_to(name, part) for part in _PREFIXES)]
    if not known or not any("lora" in name for name in known):
        raise NodeError(
            f"{path} holds {kind_of(shapes)}, and a LoRA for Stable Diffusion was expected, "
            "in the format of diffusers, peft or kohya",
            hint="graphgen models lists what there is",
            port="lora",
            code="wrong_model",
        )
    return shapes


def patches(shapes: Iterable[str], component: str) -> bool:
    """Whether a LoRA changes this network."""
    return any(belongs_to(name, component) for name in shapes)


def text_width(shapes: Shapes) -> int | None:
    """Width of the text states that the LoRA's model attends to; None if it does not tell."""
    for name, shape in shapes.items():
        if (
            belongs_to(name, "unet")
            and "attn2" in name
            and "to_k" in name
            and name.endswith(("lora_down.weight", "lora_A.weight", "lora.down.weight"))
        ):
            return shape[1]
    return None
