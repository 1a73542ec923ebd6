"""What the model pool holds, in plain fields; ``dataclasses.asdict`` gives JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeviceWeights:
    """Weights on one device.

    Attributes:
        nbytes: All there; tensors that several networks share count once.
        mapped: Of these, pages of files that the system can take back.
        budget: The most that idle weights may keep there; None for no limit.
    """

    nbytes: int
    mapped: int
    budget: int | None


@dataclass(frozen=True)
class ModelWeights:
    """One loaded network.

    Attributes:
        name: File or folder, and the component.
        loader: Name of its loader.
        device: Where it computes; idle networks may lie on ``cpu``.
        dtype: What it computes in: the run's, unless its reference names another.
        nbytes: Its weights, those that it shares with others included.
        mapped: Of these, pages of files.
        users: Nodes that use it now.
        hits: Uses that found it loaded.
        offloaded: Whether its layers are streamed to the device.
    """

    name: str
    loader: str
    device: str
    dtype: str
    nbytes: int
    mapped: int
    users: int
    hits: int
    offloaded: bool


@dataclass(frozen=True)
class PoolStatistics:
    """The whole pool.

    Attributes:
        devices: By device name.
        models: The least recently used first.
        loads: Networks read from files since the start.
        hits: Uses that found the weights on their device.
        moves: Networks moved between devices, evictions included.
        drops: Idle networks dropped for want of room.
    """

    devices: dict[str, DeviceWeights]
    models: tuple[ModelWeights, ...]
    loads: int
    hits: int
    moves: int
    drops: int
