"""Outputs that need not be computed again: on their device, in host memory, on disk."""

from .store import Cache

__all__ = ["Cache"]
