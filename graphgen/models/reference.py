"""Models travel between nodes as references: cheap to hash, to cache and to send."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

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

    @property
    def title(self) -> str:
        """For people: the file or folder, and which of its networks."""
        return f"{self.name} {self.option('name') or self.loader.rpartition('/')[2]}"

    def with_patch(self, patch: Patch) -> ModelRef:
        return replace(self, patches=(*self.patches, patch))

    def with_options(self, **options: Any) -> ModelRef:
        """The same weights with more loader options; None takes an option away."""
        named = {**dict(self.options), **options}
        kept = {name: value for name, value in named.items() if value is not None}
        return replace(self, options=tuple(sorted(kept.items())))

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


class Piece(NamedTuple):
    """One tensor of a loaded network, or what else of it takes memory.

    Attributes:
        identity: The same for networks that share it, and for no two others at a time.
        device: Where it lies.
        nbytes: Its size.
        mapped: Whether it is pages of a file, which the system can take back and read again.
    """

    identity: int
    device: str
    nbytes: int
    mapped: bool = False


@runtime_checkable
class WeightsLoader(ModelLoader, Protocol):
    """A loader whose networks may share tensors, lie in mapped files, and be streamed to a
    device that is too small for them. ``graphgen.models.networks`` has one for torch.

    Its ``load`` leaves the weights in host memory, whatever the device; the pool makes room
    on the device first, and then moves them.
    """

    def pieces(self, model: Any) -> Iterable[Piece]:
        """Where its weights lie at the moment."""

    def share(self, model: Any, device: str) -> tuple[Iterable[Piece], int]:
        """Take hold of those of its tensors that other networks have on a device, until it
        is moved; these, and the bytes that moving the others there would take."""

    def stream(self, model: Any, device: str, room: int) -> Any:
        """The same model, computing on a device where at most ``room`` bytes of its weights
        stay; the others follow layer by layer, as they are needed. ``move`` ends it."""

    def rest(self, model: Any) -> None:
        """Let the system have the memory of an idle model's mapped files: it keeps what it has
        room for, and reads the rest again when the model is used."""

    def changed(self, model: Any) -> bool:
        """Whether a file that it is mapped from was written to since."""

    def suits(self, model: Any, device: str) -> bool:
        """Whether it can compute on a device as it was read; if not it is read anew."""
