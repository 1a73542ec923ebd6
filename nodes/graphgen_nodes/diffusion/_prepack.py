"""Weight prepacking: convolution weights brought once into the layout that oneDNN computes
with on the CPU, which torch otherwise has done at every call: an eighth to a quarter of a
large denoiser's step.

Of torch's ways to do it, this is the one whose layouts fit inputs of every size. Those of
torch.utils.mkldnn and of compiled models that are frozen depend on the input's size, and at
another size weights are reordered at every call, often by oneDNN's reference implementation,
which can take longer than the convolution; the former also wants its own kind of activations.

Linear layers keep plain weights, which are pages of their file: packing them, too, gained 5 %
of a step, and would have made a third of that model memory that can't be given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

import torch

from graphgen.models.mapped import MappedFiles

Compute = Callable[[torch.Tensor], torch.Tensor]
Find = Callable[[str], "torch.Tensor | None"]
_SIZE = (32, 32)
"""Height and width that oneDNN wants to be told of; layouts are the same for all."""


class Prepacked(torch.Tensor):
    """The weight of a convolution in oneDNN's layout. It has the shape and the type of the
    plain one and stands in its place, but convolve with it is all that one can do.

    Args:
        plain: The weight.
        compute: The convolution, with its bias.
        files: What the weight was mapped from, if it was.
    """

    compute: Compute
    files: MappedFiles

    @staticmethod
    def __new__(cls, plain: torch.Tensor, compute: Compute, files: MappedFiles) -> Prepacked:
        made: Prepacked = torch.Tensor._make_wrapper_subclass(
            cls, plain.shape, dtype=plain.dtype, device=plain.device
        )
        made.compute, made.files = compute, files
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.conv2d:
            x, weight = args[:2]
            return weight.compute(x)
        if func is torch.Tensor.data_ptr:
            return 0  # in no file
        return super().__torch_function__(func, types, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise TypeError(f"{func} is not for prepacked weights")

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"Prepacked({tuple(self.shape)}, {self.dtype})"


def available() -> bool:
    """Whether torch has oneDNN here, and what it was packed with when this was written."""
    packer = torch.ops.mkldnn_prepacked
    return torch.backends.mkldnn.is_available() and all(
        hasattr(packer, name) for name in ("conv2d_prepack", "conv2d_run")
    )


def prepack(network: torch.nn.Module, own: Collection[str], find: Find) -> set[str]:
    """Replace the weights of a network's convolutions, one after the other: the pages of files
    are given back, and copies freed, so that no more than one is there twice.

    Weights that are tied, in float16, or of convolutions that pad with more than zeros stay.

    Args:
        network: In host memory; nobody else has its tensors.
        own: Names of those that are not its source's.
        find: The weight of a name that another network of the source has prepacked.

    Returns:
        Names of further weights that are to be the network's own: those whose biases are, and
        those that others packed before their file was written to.
    """
    files = MappedFiles()
    held = Counter(tensor.data_ptr() for tensor in _tensors(network) if _is_plain(tensor))
    further = set()
    for prefix, layer in network.named_modules():
        if not _fits(layer) or held[layer.weight.data_ptr()] > 1:
            continue
        name, bias = (f"{prefix}.{key}" if prefix else key for key in ("weight", "bias"))
        packed = None if name in own else find(name)
        if bias in own or (isinstance(packed, Prepacked) and packed.files.changed()):
            further.add(name)
            packed = None
        if packed is None:
            mapped = files.hold(layer.weight)
            packed = Prepacked(layer.weight, _pack(layer, mapped), files)
        files.release(layer.weight)
        layer._parameters["weight"] = packed
    return further


def _fits(layer: Any) -> bool:
    """Whether oneDNN computes a layer as it is set up, and its weight is a plain one."""
    return (
        type(layer) is torch.nn.Conv2d
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
        and _is_plain(layer.weight)
        and _computes_in(layer.weight.dtype)
    )


def _pack(layer: Any, mapped: bool) -> Compute:
    plain = layer.weight.detach()
    # What packs it holds the plain weight, too, which must cost nothing then.
    alone = plain.is_contiguous() and plain.untyped_storage().nbytes() == plain.nbytes
    if (not mapped and not alone) or not plain.is_contiguous():
        plain, mapped = plain.clone(memory_format=torch.contiguous_format), False
    packed = torch.ops.mkldnn_prepacked.conv2d_prepack(
        plain,
        layer.bias,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        [1, layer.in_channels, *_SIZE],
        "none",
    )
    if not mapped:
        plain.untyped_storage().resize_(0)

    def compute(x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = torch.ops.mkldnn_prepacked.conv2d_run(x.contiguous(), packed)
        return made

    return compute


def _tensors(network: torch.nn.Module) -> Iterator[torch.Tensor]:
    for module in network.modules():
        for owner in (module._parameters, module._buffers):
            yield from (tensor for tensor in owner.values() if tensor is not None)


def _is_plain(tensor: torch.Tensor) -> bool:
    return type(tensor) in (torch.Tensor, torch.nn.Parameter)


def _computes_in(dtype: torch.dtype) -> bool:
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype == torch.float32
