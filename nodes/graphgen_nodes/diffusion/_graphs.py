"""CUDA graphs of a network's forward: recorded once for each shape, then replayed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch.utils import _pytree

GRAPHS = 4
"""Recordings kept; each holds memory for what passes between the layers."""
WARM_UP = 3
Forward = Callable[..., Any]
Replay = Callable[[], None]
Record = Callable[[Callable[[], Any]], "tuple[Replay, Any]"]


def record(call: Callable[[], Any]) -> tuple[Replay, Any]:
    """Record what a call does on the CUDA device; what repeats it, and where its result is."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):  # libraries choose their kernels in the first calls
            call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = call()
    return graph.replay, result


class Graphed:
    """A forward that is replayed for inputs of shapes it has seen.

    A replay saves the time that the host takes to launch kernels one by one, which is most
    of a step of a small batch. Inputs are copied to where the recording reads them, and the
    result out of where the next replay would write over it.

    Args:
        forward: Works on tensors of one CUDA device, without asking for their values.
        record: Records a call.
    """

    def __init__(self, forward: Forward, record: Record = record) -> None:
        self._forward = forward
        self._record = record
        self._graphs: OrderedDict[Any, tuple[list[torch.Tensor], Replay, Any]] = OrderedDict()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = _pytree.tree_flatten((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        key = str(structure), tuple(_described(leaf) for leaf in leaves)
        if key not in self._graphs:
            self._begin(key, leaves, structure)
        inputs, replay, result = self._graphs[key]
        self._graphs.move_to_end(key)
        for to, tensor in zip(inputs, tensors, strict=True):
            to.copy_(tensor)
        replay()
        return _pytree.tree_map_only(torch.Tensor, torch.clone, result)

    def _begin(self, key: Any, leaves: list[Any], structure: Any) -> None:
        if len(self._graphs) >= GRAPHS:
            self._graphs.popitem(last=False)
        own = [leaf.clone() if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        args, kwargs = _pytree.tree_unflatten(own, structure)
        replay, result = self._record(lambda: self._forward(*args, **kwargs))
        inputs = [leaf for leaf in own if isinstance(leaf, torch.Tensor)]
        self._graphs[key] = inputs, replay, result


def _described(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        return leaf.shape, leaf.stride(), leaf.dtype, leaf.device
    return leaf
