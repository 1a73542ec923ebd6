"""What the server offers, as an OpenAPI 3.1 document."""

from .document import document

__all__ = ["document"]
