"""``from_pretrained`` of diffusers and transformers, without what other threads would notice.

Both build a network under its own dtype by changing torch's default dtype, which is that of the
whole process: a thread that makes a tensor meanwhile would get one in half precision.
"""

from __future__ import annotations

from functools import cache, wraps
from pathlib import Path
from typing import Any

import torch
import transformers

from graphgen import NodeError

from ._misfit import first_line


def from_pretrained(cls: Any, folder: str, dtype: torch.dtype, **options: Any) -> tuple[Any, Any]:
    """A network of a class of diffusers or transformers, from a folder.

    Args:
        cls: The class.
        folder: Holds ``config.json`` and the weights.
        dtype: What its numbers are read as; those that it has already stay pages of the file.
        options: More of ``from_pretrained``.

    Returns:
        The network, and what ``output_loading_info`` gives.
    """
    still = _of_transformers if issubclass(cls, transformers.PreTrainedModel) else _of_diffusers
    network, info = still(cls, dtype).from_pretrained(
        folder, dtype=dtype, local_files_only=True, output_loading_info=True, **options
    )
    network.__class__ = cls
    return network, info


def load_tokenizer(folder: Path) -> Any:
    """A tokenizer's folder, with no question to any hub."""
    try:
        return transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # the libraries raise many kinds for a damaged file
        raise NodeError(
            f"{folder} can't be loaded as a tokenizer: {first_line(error)}",
            hint="get the folder again; it holds tokenizer.json, or vocab.json and merges.txt",
            code="damaged_model",
        ) from error


@cache
def _of_diffusers(cls: Any, dtype: torch.dtype) -> Any:
    """The class, of which diffusers asks that the default be changed. Weights are put into
    ``dtype`` when they are read, so that it matters to nothing but empty parameters."""

    def unchanged(kind: Any, wanted: torch.dtype) -> torch.dtype:
        return torch.get_default_dtype()

    return _derived(cls, {"_set_default_torch_dtype": classmethod(unchanged)})


@cache
def _of_transformers(cls: Any, dtype: torch.dtype) -> Any:
    """The class, of which transformers asks under what it is to be built. Weights are read in
    the dtype of the empty parameters that they replace."""

    def context(kind: Any, wanted: torch.dtype, *rest: Any) -> list[Any]:
        found: list[Any] = cls.get_init_context.__func__(kind, torch.get_default_dtype(), *rest)
        return found

    @wraps(cls.__init__)
    def init(self: Any, *arguments: Any, **named: Any) -> None:
        cls.__init__(self, *arguments, **named)
        for parameter in self.parameters():
            parameter.data = parameter.data.to(dtype)

    return _derived(cls, {"get_init_context": classmethod(context), "__init__": init})


def _derived(cls: Any, members: dict[str, Any]) -> Any:
    return type(cls.__name__, (cls,), {"__module__": cls.__module__, **members})
