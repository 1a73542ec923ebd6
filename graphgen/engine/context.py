"""The context: the only door from a node to the rest of graphgen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..cache.transfer import on_device
from ..devices import is_host
from ..economy import AMPLE, Economy, Means
from ..environment import Environment
from ..models.library import ModelLibrary
from ..models.pool import ModelPool
from ..models.reference import ModelRef
from ..problems import Cancelled
from ..workspace import Files

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "float16", "bfloat16")
Progress = Callable[[int, int, "bytes | None"], None]
T = TypeVar("T")


class CancelToken:
    """Asks a run to stop; may be set from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: dict[object, Callable[[], object]] = {}
        self.cancelled = False

    def cancel(self) -> None:
        with self._lock:
            self.cancelled = True
            callbacks = list(self._callbacks.values())
            self._callbacks.clear()
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], object]) -> Callable[[], object]:
        """Call back when the run is cancelled, at once if it already was; returns a
        function that forgets the callback."""
        key = object()
        with self._lock:
            if not self.cancelled:
                self._callbacks[key] = callback
                return lambda: self._callbacks.pop(key, None)
        callback()
        return lambda: None


class Context:
    """What a node may use besides its inputs; a keyword-only parameter named ``ctx``.

    Attributes:
        run_id: Id of the run.
        node: Id of this node in the workflow.
        dtype_name: ``float32``, ``float16`` or ``bfloat16``.
        environment: The workspace's files and the model library.
        outputs: The folder that nodes may write to.
        metadata: Text to embed in files that can hold it: the workflow, by key.
        economy: How to get by with less memory, after the node has run out of it.
        asked: Which means of the economy the node asked for, and whether more of it would
            have changed anything.
    """

    def __init__(
        self,
        run_id: str = "",
        node: str = "",
        *,
        device: str | Callable[[], str] = "cpu",
        dtype_name: str = "float32",
        environment: Environment | None = None,
        outputs: Path | None = None,
        metadata: Callable[[], Mapping[str, str]] = dict,
        pool: ModelPool | None = None,
        token: CancelToken | None = None,
        report: Progress | None = None,
        previews: bool = True,
        on_device: Callable[[Any, str], Any] = on_device,
        economy: Economy = AMPLE,
    ) -> None:
        self.run_id = run_id
        self.node = node
        self._device = device
        self.dtype_name = dtype_name
        self.environment = environment or Environment()
        self.outputs = outputs or Path("outputs")
        self._metadata = metadata
        self.pool = pool or ModelPool({})
        self.token = token or CancelToken()
        self.report = report
        self.previews = previews
        self._on_device = on_device
        self.economy = economy
        self.asked: dict[Means, bool] = {}

    @property
    def device(self) -> str:
        """Torch device of this run's device lane, ``cpu`` or ``cuda:0``."""
        # Choosing one imports torch, so it is not done for nodes that don't ask.
        return self._device if isinstance(self._device, str) else self._device()

    @property
    def metadata(self) -> Mapping[str, str]:
        return self._metadata()

    @property
    def files(self) -> Files:
        return self.environment.files

    @property
    def models(self) -> ModelLibrary:
        return self.environment.models

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type that models of this run compute in."""
        import torch

        return getattr(torch, self.dtype_name)

    def check_cancelled(self) -> None:
        """Stop here if the run was cancelled; call it in every long loop."""
        if self.token.cancelled:
            raise Cancelled

    @property
    def shows(self) -> bool:
        """Whether somebody looks at previews."""
        return self.report is not None and self.previews

    def progress(
        self, step: int, total: int, preview: Callable[[], bytes | None] | None = None
    ) -> None:
        """Say how far the node is, and stop it if the run was cancelled.

        Args:
            step: Steps done, from 1.
            total: Steps in all.
            preview: Makes a small PNG of the state, or None if there is none at the moment;
                called only if the run shows previews.
        """
        self.check_cancelled()
        if self.report is not None:
            shown = preview() if preview is not None and self.previews else None
            self.report(step, total, shown)

    def to_device(self, value: T) -> T:
        """The same value with its torch tensors on this run's device: what lies there is
        taken as it is, and the rest copied, once for all nodes that ask.

        Args:
            value: A tensor, or a value of a port type that holds some. As any input, it must
                not be changed in place.
        """
        moved: T = self._on_device(value, self.device)
        return moved

    def generator(self, seed: int) -> torch.Generator:
        """A seeded generator on the CPU, so that noise does not change with the device."""
        import torch

        return torch.Generator("cpu").manual_seed(seed)

    def rows(self, count: int) -> int:
        """How many of ``count`` rows to compute at once: all, unless that did not fit."""
        rows = max(1, -(-count // self.economy.split))
        self.asked["split"] = self.asked.get("split", False) or rows > 1
        return rows

    def tile(self, edge: int, least: int, multiple: int = 1) -> int:
        """The edge of a tile: ``edge``, unless that did not fit.

        Args:
            edge: What the node would take, and no more than the picture has.
            least: Of which no smaller tile makes sense.
            multiple: Of which a smaller edge is a multiple.
        """
        if self.economy.tile > 1:
            smaller = edge // self.economy.tile // multiple * multiple
            edge = min(edge, max(least, smaller))
        self.asked["tile"] = self.asked.get("tile", False) or edge > least
        return edge

    @contextmanager
    def use(self, ref: ModelRef, dtype: torch.dtype | None = None) -> Iterator[Any]:
        """The weights of a model reference on this run's device, in ``dtype`` or else in the
        run's; the pool keeps them in place while the block lasts."""
        device = self.device
        self.asked["offload"] = not is_host(device)
        offload = self.economy.offload
        with self.pool.use(ref, device, dtype or self.dtype, offload=offload) as model:
            yield model
