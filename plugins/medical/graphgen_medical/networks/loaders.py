"""Model loaders of the pack: repair networks from safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgen import ModelRef, NodeError

from .architecture import RepairNetwork, RepairShape

if TYPE_CHECKING:
    import torch

REPAIR = "medical/repair"


class RepairLoader:
    """The model loader ``medical/repair``; its models are ``RepairNetwork``."""

    def load(self, ref: ModelRef, device: str, dtype: torch.dtype) -> RepairNetwork:
        """A network on ``device`` in ``dtype``.

        Raises:
            NodeError: The file is damaged, or holds no repair network.
        """
        from safetensors import SafetensorError, safe_open

        path = Path(ref.path)
        try:
            with safe_open(path, framework="pt") as file:
                shape = RepairShape.from_metadata(file.metadata() or {})
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            module = shape.build()
            module.load_state_dict(weights)
        except (SafetensorError, OSError, ValueError, RuntimeError) as error:
            raise NodeError(
                f"{path.name} holds no repair network: {error}",
                hint="expected safetensors as plugins/medical/training/repair.py writes them",
                port="model",
                code="wrong_model",
            ) from error
        return RepairNetwork(shape, module.eval().to(device, dtype))

    def move(self, model: RepairNetwork, device: str) -> RepairNetwork:
        return RepairNetwork(model.shape, model.module.to(device))

    def nbytes(self, model: RepairNetwork) -> int:
        return module_bytes(model.module)


def module_bytes(module: Any) -> int:
    """Bytes of the weights of a torch module."""
    tensors = [*module.parameters(), *module.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
