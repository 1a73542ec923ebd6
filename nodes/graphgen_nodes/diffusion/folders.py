"""Reading a diffusers pipeline folder: its configurations as port values, no weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from graphgen import ModelRef, NodeError
from graphgen.fingerprint import file_fingerprint

from .types import VAE, DiffusionModel, TextEncoder
from .weights import PICKLES

UNET_LOADER = "diffusers/unet"
VAE_LOADER = "diffusers/vae"
TEXT_LOADER = "diffusers/text_encoder"

_UNETS = ("UNet2DConditionModel", "UNet2DModel")
_VAES = ("AutoencoderKL", "AutoencoderTiny")


class Parts(NamedTuple):
    """What a checkpoint holds; None for what it does not."""

    model: DiffusionModel
    text_encoder: TextEncoder | None
    vae: VAE | None


def read_folder(folder: Path) -> Parts:
    """Describe a pipeline folder, which has a ``model_index.json``.

    Raises:
        NodeError: It is damaged, or of a kind that has no UNet.
    """
    if not (folder / "model_index.json").is_file():
        raise NodeError(
            f"{folder} is no pipeline folder: it has no model_index.json",
            hint="a VAE alone is loaded with diffusion/load_vae",
            port="model",
            code="wrong_model",
        )
    try:
        return _read_pipeline(folder, read_json(folder / "model_index.json"))
    except (KeyError, TypeError) as error:
        raise NodeError(
            f"{folder} can't be read: a configuration in it lacks {error}", code="damaged_model"
        ) from error


def _read_pipeline(folder: Path, index: dict[str, Any]) -> Parts:
    kind = _class_of(index, "unet")
    if kind not in _UNETS:
        raise NodeError(
            f"{folder} holds a {index.get('_class_name', 'pipeline of unknown kind')}, "
            f"and a pipeline with a {' or '.join(_UNETS)} was expected",
            hint="Stable Diffusion 1, 2 and XL, and models of pixels such as DDPM, have one",
            port="model",
            code="wrong_model",
        )
    vae = read_vae_folder(folder) if _class_of(index, "vae") else None
    unet = read_json(folder / "unet" / "config.json")
    text_encoder = _read_text_encoders(folder, index)
    size = unet.get("sample_size") or 64
    height, width = size if isinstance(size, list) else (size, size)
    model = DiffusionModel(
        unet=_reference(UNET_LOADER, folder, "unet", {"kind": kind}),
        scheduler=_read_scheduler(folder, index),
        latent_channels=vae.latent_channels if vae else unet["in_channels"],
        in_channels=unet["in_channels"],
        native_size=(height, width),
        scale=vae.scale if vae else 1,
        text_width=unet.get("cross_attention_dim") if kind == "UNet2DConditionModel" else None,
        pooled_width=pooled_width(unet),
        text_encoder=text_encoder,
        zero_empty=bool(index.get("force_zeros_for_empty_prompt")),
        distilled=unet.get("time_cond_proj_dim") is not None,
        vae=vae,
    )
    return Parts(model, text_encoder, vae)


def pooled_width(unet: dict[str, Any]) -> int | None:
    """Width of the pooled text state that an SDXL UNet takes beside six sizes."""
    if unet.get("addition_embed_type") != "text_time":
        return None
    width: int = unet["projection_class_embeddings_input_dim"] - 6 * unet["addition_time_embed_dim"]
    return width


def read_vae_folder(folder: Path) -> VAE:
    """Describe an autoencoder's folder, or the one inside a pipeline's folder.

    Raises:
        NodeError: It holds something else.
    """
    name = "vae" if (folder / "model_index.json").is_file() else ""
    config = read_json(folder / name / "config.json")
    kind = config.get("_class_name")
    if kind not in _VAES:
        raise NodeError(
            f"{folder / name} holds a {kind}, and a VAE ({' or '.join(_VAES)}) was expected",
            port="vae",
            code="wrong_model",
        )
    return VAE(
        weights=_reference(VAE_LOADER, folder, name, {"kind": kind}),
        latent_channels=config["latent_channels"],
        scale=vae_scale(config),
        float32=bool(config.get("force_upcast")),
    )


def vae_scale(config: dict[str, Any]) -> int:
    """Pixels per latent cell of an autoencoder."""
    channels = config.get("block_out_channels") or config.get("decoder_block_out_channels")
    return int(2 ** (len(channels or (1, 1, 1, 1)) - 1))


def _read_text_encoders(folder: Path, index: dict[str, Any]) -> TextEncoder | None:
    names = [name for name in ("text_encoder", "text_encoder_2") if _class_of(index, name)]
    if not names:
        return None
    configs = [read_json(folder / name / "config.json") for name in names]
    kinds = [_class_of(index, name) or "" for name in names]
    last = configs[-1]
    projected = kinds[-1] == "CLIPTextModelWithProjection"
    lengths = []
    references = []
    for name, config, kind in zip(names, configs, kinds, strict=True):
        tokenizer = folder / name.replace("text_encoder", "tokenizer")
        lengths.append(_max_length(tokenizer, config))
        options = {"kind": kind, "max_length": lengths[-1]}
        references.append(
            _reference(TEXT_LOADER, folder, name, options, sorted(tokenizer.glob("*")))
        )
    return TextEncoder(
        encoders=tuple(references),
        width=sum(config.get("hidden_size") or config["d_model"] for config in configs),
        max_length=min(lengths),
        pooled_width=last.get("projection_dim") if projected else None,
        skip=1 if projected else 0,
    )


def _max_length(tokenizer: Path, config: dict[str, Any]) -> int:
    limits = [
        read_json(tokenizer / "tokenizer_config.json").get("model_max_length"),
        config.get("max_position_embeddings"),
    ]
    # A tokenizer without a limit of its own says 1e30.
    return int(min(limit for limit in (*limits, 512) if limit))


def _read_scheduler(folder: Path, index: dict[str, Any]) -> dict[str, Any]:
    config = read_json(folder / "scheduler" / "scheduler_config.json")
    config.setdefault("_class_name", _class_of(index, "scheduler"))
    return config


def _class_of(index: dict[str, Any], name: str) -> str | None:
    entry = index.get(name)
    return entry[1] if isinstance(entry, list) and len(entry) == 2 else None


def _component_files(folder: Path) -> list[Path]:
    """The configuration and weights of one component: safetensors before pickles."""
    weights = sorted(folder.glob("*.safetensors*"))
    if not weights:
        weights = sorted(
            p for p in folder.iterdir() if p.suffix in PICKLES or p.name.endswith(".bin.index.json")
        )
    if not weights:
        raise NodeError(
            f"{folder} has no weights: a .safetensors file was expected",
            hint="get the folder again; large files may not have come along",
            code="missing_model",
        )
    return [folder / "config.json", *weights]


def _reference(
    loader: str, folder: Path, name: str, options: dict[str, Any], beside: Iterable[Path] = ()
) -> ModelRef:
    """A component of a folder, by the content of what is read for it."""
    state = hashlib.blake2b(digest_size=16)
    for file in (*_component_files(folder / name), *beside):
        content = file_fingerprint(file)
        if content is None:
            raise NodeError(f"{file} can't be read", code="missing_model")
        state.update(f"{file.parent.name}/{file.name}\0{content}\0".encode())
    named = {**options, "name": name}
    return ModelRef(loader, str(folder), state.hexdigest(), tuple(sorted(named.items())))


def read_json(path: Path) -> dict[str, Any]:
    """A configuration file.

    Raises:
        NodeError: It is missing or no JSON object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise NodeError(
            f"{path} is missing: a folder in diffusers' layout was expected",
            hint="get the folder again, with all its files",
            code="damaged_model",
        ) from None
    except ValueError as error:
        raise NodeError(f"{path} is not JSON: {error}", code="damaged_model") from None
    if not isinstance(document, dict):
        raise NodeError(f"{path} is no JSON object", code="damaged_model")
    return document
