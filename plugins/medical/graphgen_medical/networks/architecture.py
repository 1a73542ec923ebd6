"""The repair network: MONAI's U-Net on a slice and its neighbours, which adds a correction.

Weights travel as safetensors whose metadata say how the network is made, so a network that
was trained again with other widths loads as well.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

FORMAT = "graphgen-medical/repair-1"
MIRRORED: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))  # axes, for copies 1 to 4


@dataclass(frozen=True)
class RepairShape:
    """How a repair network is made.

    Attributes:
        channels: Feature channels of the U-Net's levels; each level but the last halves
            the resolution, the first one too.
        units: Residual convolutions per level.
        neighbours: Slices above and below that it sees besides the slice itself.
        scale: Hounsfield units that are 1 inside the network.
    """

    channels: tuple[int, ...] = (48, 64, 128, 192)
    units: int = 2
    neighbours: int = 1
    scale: float = 1000.0

    @property
    def multiple(self) -> int:
        """Height and width must be a multiple of this; ``run`` pads to it."""
        return 2 ** (len(self.channels) - 1)

    def metadata(self) -> dict[str, str]:
        """For the header of a safetensors file."""
        return {"format": FORMAT, "shape": json.dumps(asdict(self))}

    @classmethod
    def from_metadata(cls, metadata: dict[str, str]) -> RepairShape:
        """From the header of a safetensors file.

        Raises:
            ValueError: It is not of a repair network, or says impossible things.
        """
        if metadata.get("format") != FORMAT:
            raise ValueError(f"its header does not say {FORMAT}")
        try:
            told = json.loads(metadata["shape"])
            channels = tuple(int(value) for value in told["channels"])
            shape = cls(channels, int(told["units"]), int(told["neighbours"]), float(told["scale"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"its header is damaged: {error}") from error
        limits = (2 <= len(channels) <= 8, all(1 <= c <= 4096 for c in channels))
        if not all(limits) or not (0 <= shape.units <= 16 and 0 <= shape.neighbours <= 8):
            raise ValueError(f"its header tells of an impossible network: {told}")
        if not 0 < shape.scale < 1e6:
            raise ValueError(f"its header tells of an impossible scale: {shape.scale}")
        return shape

    def build(self) -> torch.nn.Module:
        """The U-Net, with random weights: ``[batch, 2 neighbours + 1, height, width]`` of
        slices from low to high, to a correction ``[batch, 1, height, width]``, both in units
        of ``scale``."""
        from monai.networks.nets import UNet

        # Without normalisation, which would make a crop's values depend on the crop.
        network: Any = UNet(
            spatial_dims=2,
            in_channels=2 * self.neighbours + 1,
            out_channels=1,
            channels=self.channels,
            strides=(2,) * (len(self.channels) - 1),
            num_res_units=self.units,
            norm=None,
        )
        return network


@dataclass(frozen=True)
class RepairNetwork:
    """A loaded repair network."""

    shape: RepairShape
    module: torch.nn.Module

    def __call__(self, stack: torch.Tensor) -> torch.Tensor:
        """Repaired slices ``[batch, 1, height, width]`` in HU of stacks ``[batch,
        2 neighbours + 1, height, width]`` in HU, float32; height and width of any size. Only
        the network computes in its own dtype: half precision has no room for single HU."""
        from torch.nn import functional

        height, width = stack.shape[2:]
        down, right = -height % self.shape.multiple, -width % self.shape.multiple
        middle = stack[:, self.shape.neighbours : self.shape.neighbours + 1]
        padded = functional.pad(stack, (0, right, 0, down), mode="replicate")
        dtype = next(self.module.parameters()).dtype
        correction = self.module((padded / self.shape.scale).to(dtype))[..., :height, :width]
        return middle + correction.to(middle) * self.shape.scale

    def averaged(self, stack: torch.Tensor, copies: int) -> torch.Tensor:
        """Like calling it, as the mean over the stack and its mirror images (Timofte, Rothe and
        Van Gool, CVPR 2016, "self-ensemble"): what the network gets wrong differs among them.

        Args:
            stack: As for a call.
            copies: 1, 2 or 4.
        """
        total: torch.Tensor | None = None
        for axes in MIRRORED[:copies]:
            made = self(stack.flip(axes)).flip(axes) if axes else self(stack)
            total = made if total is None else total + made
        assert total is not None
        return total / copies
