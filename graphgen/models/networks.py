"""What loaders of torch networks share: where weights lie, for the model pool."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import devices
from .reference import ModelRef, Piece

if TYPE_CHECKING:
    import torch

    from .weights import SharedTensors, Weights


class NetworkLoader(ABC):
    """A loader of torch networks that map their files, share tensors and can be streamed.

    A pack writes ``load``, which reads a network into host memory and then calls ``keep``.
    """

    def __init__(self) -> None:
        self._shared: SharedTensors | None = None

    @abstractmethod
    def load(self, ref: ModelRef, device: str, dtype: torch.dtype) -> Any:
        """The model, in host memory; ``device`` is where it is going to compute.

        Raises:
            NodeError: The files are missing, damaged or of another kind.
        """

    def network(self, model: Any) -> torch.nn.Module:
        """The network in a model, where that is more than the network."""
        network: torch.nn.Module = model
        return network

    def keep(self, model: Any, source: str, own: Iterable[str] = ()) -> Any:
        """Make a model that was just read one that the pool can move.

        Args:
            model: In host memory. Tensors that another network of the same source has there
                already are replaced by those.
            source: What its tensors were read from, and how they were converted.
            own: Names of tensors that are not the source's.
        """
        from .weights import SharedTensors, Weights

        if self._shared is None:
            self._shared = SharedTensors()
        Weights(self.network(model), self._shared, source, frozenset(own))
        return model

    def find(self, source: str, name: str) -> torch.Tensor | None:
        """The tensor that a network of a source has in host memory, for ``load`` to take."""
        return None if self._shared is None else self._shared.find(source, name, devices.HOST)

    def move(self, model: Any, device: str) -> Any:
        self._weights(model).move(self.network(model), device)
        return model

    def stream(self, model: Any, device: str, room: int) -> Any:
        self._weights(model).stream(self.network(model), device, room)
        return model

    def share(self, model: Any, device: str) -> tuple[Iterable[Piece], int]:
        return self._weights(model).share(device)

    def pieces(self, model: Any) -> Iterable[Piece]:
        return self._weights(model).pieces()

    def nbytes(self, model: Any) -> int:
        return self._weights(model).nbytes

    def rest(self, model: Any) -> None:
        self._weights(model).rest()

    def changed(self, model: Any) -> bool:
        return self._weights(model).changed()

    def suits(self, model: Any, device: str) -> bool:
        return True

    def _weights(self, model: Any) -> Weights:
        from .weights import weights_of

        return weights_of(self.network(model))
