"""Loading one network of a checkpoint into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from graphgen import ModelRef, NodeError

from .._torchvision import prepare_torchvision
from . import _kernels
from ._encoding import LoadedEncoder
from ._misfit import first_line, misfit, missing_tensors

prepare_torchvision()

import diffusers  # noqa: E402
import transformers  # noqa: E402

from ._pretrained import from_pretrained, load_tokenizer  # noqa: E402


def load(component: str, ref: ModelRef, dtype: torch.dtype) -> tuple[Any, set[str]]:
    """The network that a reference names, in host memory; a text encoder with its tokenizer.

    Tensors that the file holds in ``dtype`` stay pages of it; the others are copies.

    Returns:
        The network, and the names of those of its tensors that patches changed.

    Raises:
        NodeError: Its files are damaged, or hold something else than was described.
    """
    path = Path(ref.path)
    loaded: Any
    if path.is_file():
        from . import _single_file  # what it imports takes seconds

        loaded = _single_file.load(component, ref, dtype)
    elif component == "text_encoder":
        loaded = _text_encoder(ref, dtype)
    else:
        folder = path / ref.option("name")
        loaded = _network(getattr(diffusers, ref.option("kind")), folder, dtype)
    network = loaded.model if component == "text_encoder" else loaded
    own: set[str] = set()
    if ref.patches:
        from . import _lora  # likewise

        own = _lora.merge(network, ref.option("name", component), ref.patches)
    _kernels.convert(network, ref)
    return loaded, own


def _text_encoder(ref: ModelRef, dtype: torch.dtype) -> LoadedEncoder:
    path, name = Path(ref.path), ref.option("name")
    cls = getattr(transformers, ref.option("kind"), None)
    if not (isinstance(cls, type) and issubclass(cls, transformers.PreTrainedModel)):
        raise NodeError(
            f"{path / name} holds a {ref.option('kind')}, which transformers does not know as a "
            "text encoder",
            code="wrong_model",
        )
    network = _network(cls, path / name, dtype)
    tokenizer = load_tokenizer(path / name.replace("text_encoder", "tokenizer"))
    padding = tokenizer.pad_token_id
    if padding is None:
        padding = tokenizer("")["input_ids"][-1]
    return LoadedEncoder(network, tokenizer, ref.option("max_length"), padding)


def _network(cls: Any, folder: Path, dtype: torch.dtype) -> Any:
    full = [file for file in folder.glob("*.safetensors") if ".fp16." not in file.name]
    half = not full and any(folder.glob("*.fp16.*"))
    stored = dtype if _keeps_some_in_float32(cls) else _stored_dtype(full) or dtype
    try:
        with _no_bars():
            variant = "fp16" if half else None
            network, info = from_pretrained(cls, str(folder), stored, variant=variant)
    except Exception as error:  # the libraries raise many kinds for a damaged file
        raise misfit(folder, cls, first_line(error)) from error
    if info["missing_keys"]:
        raise misfit(folder, cls, missing_tensors(info["missing_keys"]))
    _kernels.cast(network, dtype)
    return network.eval().requires_grad_(False)


def _stored_dtype(files: list[Path]) -> torch.dtype | None:
    """The type of all numbers in a network's files; None if they are of several."""
    from safetensors import SafetensorError, safe_open

    kinds = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    found = set()
    for path in files:
        try:
            with safe_open(str(path), framework="pt") as file:
                found |= {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError):  # what reads it all will say so
            return None
    found &= kinds.keys()
    return kinds[found.pop()] if len(found) == 1 else None


def _keeps_some_in_float32(cls: Any) -> bool:
    names = ("_keep_in_fp32_modules", "_keep_in_fp32_modules_strict")
    return any(getattr(cls, name, None) for name in names)


@contextmanager
def _no_bars() -> Iterator[None]:
    """Keep the libraries' own progress bars out of the run's."""
    shown = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers.utils.logging.enable_progress_bar()
