"""Checkpoints in one file, in the layout of Stable Diffusion 1.x, 2.x and SDXL.

Which one it is, and how wide it is, is read from the names and shapes of its tensors; the
rest of the configurations ship with the pack, so that nothing is asked of any hub.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphgen import ModelRef, NodeError
from graphgen.fingerprint import file_fingerprint

from .fitting import (
    AUTOENCODER,
    CLIP,
    OPEN_CLIP,
    UNET,
    XL_OPEN_CLIP,
    fit_configs,
    text_prefixes,
    text_width,
)
from .folders import TEXT_LOADER, UNET_LOADER, VAE_LOADER, Parts, pooled_width, vae_scale
from .types import VAE, DiffusionModel, TextEncoder
from .weights import Header, Shapes, kind_of, read_header, read_tensors

EXPECTED = "a checkpoint of Stable Diffusion 1.x, 2.x or SDXL with its UNet, VAE and text encoder"

_FAMILY_OF_WIDTH = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
_V_MARK = "output_blocks.11.1.transformer_blocks.0.norm1.bias"
_V_THRESHOLD = 0.09


def read_single_file(path: Path, prediction: str) -> Parts:
    """Describe a checkpoint file.

    Args:
        path: The file.
        prediction: ``epsilon``, ``v_prediction``, or ``auto`` to find out.

    Raises:
        NodeError: It is damaged or of another kind.
    """
    header = read_header(path, "model")
    family = _family(path, header.shapes)
    configs = fit_configs(family, header.shapes)
    fingerprint = content_fingerprint(path)
    text = None
    if all(
        any(name.startswith(prefix) for name in header.shapes)
        for prefix in text_prefixes(family).values()
    ):
        text = _text_encoder(path, fingerprint, family, configs)
    vae = None
    if any(name.startswith(AUTOENCODER) for name in header.shapes):
        vae = describe_vae(path, fingerprint, family, configs["vae"])
    unet = configs["unet"]
    model = DiffusionModel(
        unet=ModelRef(UNET_LOADER, str(path), fingerprint, (("family", family),)),
        scheduler=_scheduler(path, header, family, configs, prediction),
        latent_channels=unet["out_channels"],
        in_channels=unet["in_channels"],
        native_size=(unet["sample_size"], unet["sample_size"]),
        scale=vae_scale(configs["vae"]),
        text_width=unet["cross_attention_dim"],
        pooled_width=pooled_width(unet),
        text_encoder=text,
        zero_empty=family == "sdxl",
        vae=vae,
    )
    return Parts(model, text, vae)


def describe_vae(path: Path, fingerprint: str, family: str, config: dict[str, Any]) -> VAE:
    """The port value of a VAE that lies in a single file."""
    return VAE(
        weights=ModelRef(VAE_LOADER, str(path), fingerprint, (("family", family),)),
        latent_channels=config["latent_channels"],
        scale=vae_scale(config),
        float32=bool(config.get("force_upcast")),
    )


def content_fingerprint(path: Path) -> str:
    """Content hash of a file that exists."""
    fingerprint = file_fingerprint(path)
    if fingerprint is None:
        raise NodeError(f"{path} can't be read", code="missing_model")
    return fingerprint


def _family(path: Path, shapes: Shapes) -> str:
    unet = any(name.startswith(UNET + "input_blocks.") for name in shapes)
    if unet and any(name.startswith(XL_OPEN_CLIP) for name in shapes):
        return "sdxl"
    if unet and any(name.startswith(OPEN_CLIP) for name in shapes):
        return "sd2"
    if unet and any(name.startswith(CLIP) for name in shapes):
        return "sd1"
    kind = kind_of(shapes)
    if unet:
        width = text_width(shapes)
        kind = "an SDXL refiner" if width == 1280 else "a UNet without a text encoder"
        if width in _FAMILY_OF_WIDTH:
            return _FAMILY_OF_WIDTH[width]
    raise NodeError(
        f"{path} holds {kind}, and {EXPECTED} was expected",
        hint={
            "a LoRA": "load it with diffusion/load_lora",
            "a VAE": "load it with diffusion/load_vae",
        }.get(kind),
        port="model",
        code="wrong_model",
    )


def _text_encoder(
    path: Path, fingerprint: str, family: str, configs: dict[str, dict[str, Any]]
) -> TextEncoder:
    prefixes = text_prefixes(family)
    last = configs[list(prefixes)[-1]]
    return TextEncoder(
        encoders=tuple(
            ModelRef(TEXT_LOADER, str(path), fingerprint, (("family", family), ("name", name)))
            for name in prefixes
        ),
        width=sum(configs[name]["hidden_size"] for name in prefixes),
        max_length=last["max_position_embeddings"],
        pooled_width=last["projection_dim"] if family == "sdxl" else None,
        skip=1 if family == "sdxl" else 0,
    )


def _scheduler(
    path: Path, header: Header, family: str, configs: dict[str, Any], prediction: str
) -> dict[str, Any]:
    scheduler: dict[str, Any] = configs["scheduler"]
    if prediction == "auto":
        prediction = _prediction(path, header, family, configs["unet"]["in_channels"])
    scheduler["prediction_type"] = prediction
    if "ztsnr" in header.shapes:  # trained to a last step without signal (arXiv:2305.08891)
        scheduler.update(rescale_betas_zero_snr=True, timestep_spacing="trailing")
    return scheduler


def _prediction(path: Path, header: Header, family: str, in_channels: int) -> str:
    """What the UNet predicts, as far as the file tells.

    The standard's metadata say so, or a tensor named ``v_pred``. Of Stable Diffusion 2.x,
    the 768-pixel model predicts velocity and the others noise; a bias of the last block
    spreads further in the former, which is how others tell them apart.
    """
    stated = header.metadata.get("modelspec.prediction_type", "")
    if stated:
        return "v_prediction" if stated.startswith("v") else "epsilon"
    if "v_pred" in header.shapes:
        return "v_prediction"
    if family == "sd2" and in_channels == 4 and UNET + _V_MARK in header.shapes:
        mark = read_tensors(path, "model", lambda name: name == UNET + _V_MARK)
        spread = float(next(iter(mark.values())).float().std(unbiased=False))
        return "v_prediction" if spread > _V_THRESHOLD else "epsilon"
    return "epsilon"


def read_vae_file(path: Path, family: str) -> VAE:
    """Describe a VAE in one file, or the one inside a checkpoint.

    Args:
        path: The file.
        family: ``sd`` or ``sdxl``, whose latents have different units.

    Raises:
        NodeError: It is damaged or holds something else.
    """
    shapes = read_header(path, "vae").shapes
    if not any(name.endswith("decoder.conv_in.weight") for name in shapes):
        raise NodeError(
            f"{path} holds {kind_of(shapes)}, and a VAE of Stable Diffusion was expected",
            hint="a whole checkpoint is loaded with diffusion/load_model",
            port="vae",
            code="wrong_model",
        )
    family = "sdxl" if family == "sdxl" else "sd1"
    config = fit_configs(family, shapes)["vae"]
    return describe_vae(path, content_fingerprint(path), family, config)
