"""Using a graphgen server from another program: ``Client``, and ``AsyncClient`` for async
code."""

from ..engine.memory import DeviceUse, MemoryUse, Moves, TierUse
from .address import DEFAULT_URL, TOKEN_VARIABLE
from .aio import AsyncClient
from .catalogue import Catalogue, NodeType, PortType, ServerModel, ServerPack
from .errors import (
    ClientClosed,
    Conflict,
    NotFound,
    ServerBusy,
    ServerError,
    ServerUnreachable,
    WaitTimeout,
    WrongServer,
)
from .file import AsyncFile, AsyncFileList, File, FileList
from .run import QueueState, ServerRun, Validation
from .sync import Client
from .workflows import Saved, Signature

__all__ = [
    "DEFAULT_URL",
    "TOKEN_VARIABLE",
    "AsyncClient",
    "AsyncFile",
    "AsyncFileList",
    "Catalogue",
    "Client",
    "ClientClosed",
    "Conflict",
    "DeviceUse",
    "File",
    "FileList",
    "MemoryUse",
    "Moves",
    "NodeType",
    "NotFound",
    "PortType",
    "QueueState",
    "Saved",
    "ServerBusy",
    "ServerError",
    "ServerModel",
    "ServerPack",
    "ServerRun",
    "ServerUnreachable",
    "Signature",
    "TierUse",
    "Validation",
    "WaitTimeout",
    "WrongServer",
]
