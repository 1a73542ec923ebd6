"""How the port types of diffusion look, and how latents are saved and read."""

from __future__ import annotations

import json
from pathlib import Path

from graphgen import NodeError, SaveTarget, TypeSpec

from .types import VAE, Conditioning, DiffusionModel, Latent, TextEncoder
from .weights import read_header, read_tensors

_KEY = "graphgen.latent"
_OPTIONAL = ("mask", "masked")


def save_latent(latent: Latent, target: SaveTarget) -> None:
    """Write latents as safetensors, with all that belongs to them in its metadata."""
    from safetensors.torch import save_file

    tensors = {"samples": latent.samples}
    for name in _OPTIONAL:
        tensor = getattr(latent, name)
        if tensor is not None:
            tensors[name] = tensor
    fields = {"scale": latent.scale, "seeds": list(latent.seeds), "noise": latent.noise}
    save_file(
        {name: tensor.contiguous().cpu() for name, tensor in tensors.items()},
        str(target.path(".safetensors")),
        {**target.metadata, _KEY: json.dumps(fields)},
    )


def load_latent(path: Path) -> Latent:
    """Read what ``save_latent`` wrote.

    Raises:
        NodeError: It is another file.
    """
    header = read_header(path, "latent")
    try:
        fields = json.loads(header.metadata[_KEY])
        tensors = read_tensors(path, "latent", lambda name: name in ("samples", *_OPTIONAL))
        return Latent(
            scale=int(fields["scale"]),
            seeds=tuple(map(int, fields["seeds"])),
            noise=bool(fields["noise"]),
            **tensors,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise NodeError(f"{path} is no latent that graphgen saved") from error


# References hold paths, and what is on disk may outlive those; they are cheap to make again.
TYPES = [
    TypeSpec(DiffusionModel, colour="#b39ddb", stored=False),
    TypeSpec(TextEncoder, colour="#ffd54f", stored=False),
    TypeSpec(VAE, colour="#ff8a80", stored=False),
    TypeSpec(Conditioning, colour="#ffb74d"),
    TypeSpec(
        Latent, colour="#f48fb1", save=save_latent, load=load_latent, suffixes=(".safetensors",)
    ),
]
