"""The server: runs, saved workflows, files and events over HTTP and a websocket."""

from .services import Limits, Services, services

__all__ = ["Limits", "Services", "services"]
