"""Models travel between nodes as references: cheap to hash, to cache and to send."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..fingerprint import encode_literal

M = TypeVar("M")


@dataclass(frozen=True)
class Patch:
    """Weights laid over a base model, such as a LoRA.

    Attributes:
        path: File of the patch.
        fingerprint: Content hash of that file.
        weight: Strength; 0 leaves the base as it is.
    """

    path: str
    fingerprint: str
    weight: float = 1.0


@dataclass(frozen=True)
class ModelRef:
    """What to load, and how; not the weights themselves.

    Attributes:
        loader: Name of the registered loader that reads it, such as ``diffusers/unet``.
        path: Absolute path of the file or folder.
        fingerprint: Content hash of that file or folder.
        options: Loader options as sorted ``(name, plain value)`` pairs.
        patches: Laid over the weights in this order.
    """

    loader: str
    path: str
    fingerprint: str
    options: tuple[tuple[str, Any], ...] = ()
    patches: tuple[Patch, ...] = ()

    @property
    def key(self) -> str:
        """Identity of the loaded weights; the path is not part of it."""
        parts = encode_literal(
            [
                self.loader,
                self.fingerprint,
                list(self.options),
                [[patch.fingerprint, patch.weight] for patch in self.patches],
            ]
        )
        if parts is None:
            raise TypeError(f"the options of {self.loader} are not plain values: {self.options}")
        return hashlib.blake2b(parts, digest_size=16).hexdigest()

    @property
    def name(self) -> str:
        return Path(self.path).name

    def with_patch(self, patch: Patch) -> ModelRef:
        return replace(self, patches=(*self.patches, patch))

    def option(self, name: str, default: Any = None) -> Any:
        return dict(self.options).get(name, default)


class ModelLoader(Protocol):
    """Reads one kind of model; registered by name through ``graphgen_model_loaders``."""

    def load(self, ref: ModelRef, device: str, dtype: Any) -> Any:
        """The model on ``device`` (``cpu``, ``cuda:0``) in ``dtype`` (a ``torch.dtype``).

        Raises:
            NodeError: The files are missing, damaged or of another kind; the message
                names the file and what was expected.
        """

    def move(self, model: Any, device: str) -> Any:
        """The same model on another device."""

    def nbytes(self, model: Any) -> int:
        """Bytes of its weights."""
