"""CUDA graphs of a network's forward: recorded once for each shape, then replayed."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch.utils import _pytree

_log = logging.getLogger("graphgen")
_recording = threading.Lock()
"""A process may record one graph at a time."""
GRAPHS = 4
"""Recordings kept; each holds memory for what passes between the layers."""
WARM_UP = 3
Forward = Callable[..., Any]
Replay = Callable[[], None]
Record = Callable[[Callable[[], Any]], "tuple[Replay, Any]"]


def record(call: Callable[[], Any]) -> tuple[Replay, Any]:
    """Record what a call does on the current CUDA device; what repeats it, and where its
    result is. Other threads may go on using the device meanwhile."""
    with _recording:
        before, stream = torch.cuda.current_stream(), torch.cuda.Stream()
        stream.wait_stream(before)
        # Around the recording, too: one that fails leaves its stream the thread's.
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):  # libraries choose their kernels in the first calls
                call()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                result = call()
        before.wait_stream(stream)
    return graph.replay, result


class Graphed:
    """A forward that is replayed for inputs of shapes it has seen.

    A replay saves the time that the host takes to launch kernels one by one, which is most
    of a step of a small batch. Inputs are copied to where the recording reads them, and the
    result out of where the next replay would write over it. What can't be recorded is
    computed as if there were no graphs.

    Args:
        forward: Works on tensors of one CUDA device, without asking for their values.
        record: Records a call.
    """

    def __init__(self, forward: Forward, record: Record = record) -> None:
        self._forward = forward
        self._record = record
        self._graphs: OrderedDict[Any, tuple[list[torch.Tensor], Replay, Any] | None]
        self._graphs = OrderedDict()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = _pytree.tree_flatten((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        key = str(structure), tuple(_described(leaf) for leaf in leaves)
        if key not in self._graphs:
            self._graphs[key] = self._recorded(leaves, structure)
        self._graphs.move_to_end(key)
        graph = self._graphs[key]
        if graph is None:
            return self._forward(*args, **kwargs)
        inputs, replay, result = graph
        for to, tensor in zip(inputs, tensors, strict=True):
            to.copy_(tensor)
        replay()
        return _pytree.tree_map_only(torch.Tensor, torch.clone, result)

    def _recorded(
        self, leaves: list[Any], structure: Any
    ) -> tuple[list[torch.Tensor], Replay, Any] | None:
        """A recording, of whose inputs the leaves are examples; None if there can't be one."""
        if len(self._graphs) >= GRAPHS:
            self._graphs.popitem(last=False)
        own = [leaf.clone() if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        args, kwargs = _pytree.tree_unflatten(own, structure)
        try:
            replay, result = self._record(lambda: self._forward(*args, **kwargs))
        except (MemoryError, torch.OutOfMemoryError):
            self._graphs.clear()  # they hold memory that the next attempt may need
            raise
        except RuntimeError:
            _log.warning("a step could not be recorded as a CUDA graph", exc_info=True)
            return None
        return [leaf for leaf in own if isinstance(leaf, torch.Tensor)], replay, result


def _described(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        return leaf.shape, leaf.stride(), leaf.dtype, leaf.device
    return leaf
