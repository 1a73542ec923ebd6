"""Configurations of bundles as plain data. MONAI's own parser evaluates what begins with ``$`` as
Python and reads other files for ``%``; here both are refused where they are needed."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 32  # of lists in lists, and of references that lead to references
MOST_VALUES = 100_000


class ConfigError(ValueError):
    """A configuration that can't be read without running code from it."""


def parse(name: str, content: bytes) -> dict[str, Any]:
    """A JSON or YAML document, as it stands.

    Raises:
        ConfigError: It is neither, or no mapping.
    """
    import yaml

    try:
        document = json.loads(content) if name.endswith(".json") else yaml.safe_load(content)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{name} is damaged: {str(error).splitlines()[0]}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{name} holds no settings by name")
    return document


class Config:
    """A configuration whose references can be followed.

    Args:
        document: What the file holds.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._left = MOST_VALUES

    def plain(self, value: Any, where: str, depth: int = 0) -> Any:
        """A part of the document with ``@name`` replaced by what ``name`` is.

        Args:
            value: The part.
            where: Names it, for messages.

        Raises:
            ConfigError: It needs code to be run, another file, or a name that is not there.
        """
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            raise ConfigError(f"{where} refers to itself, or to far too much")
        if isinstance(value, dict):
            return {
                key: self.plain(item, f"{where}.{key}", depth + 1) for key, item in value.items()
            }
        if isinstance(value, list):
            return [
                self.plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)
            ]
        if not isinstance(value, str):
            return value
        if value.startswith("$"):
            raise ConfigError(f"{where} is computed by code ({_short(value)}), which is not run")
        if value.startswith("%"):
            raise ConfigError(f"{where} is in another file ({_short(value)}), which is not read")
        if value.startswith("@"):
            return self.plain(self.look_up(value, where), where, depth + 1)
        return value

    def followed(self, value: Any, where: str) -> Any:
        """What a value refers to, itself not looked into."""
        for _ in range(DEEPEST):
            if not (isinstance(value, str) and value.startswith("@")):
                return value
            value = self.look_up(value, where)
        raise ConfigError(f"{where} refers to itself")

    def look_up(self, reference: str, where: str) -> Any:
        """What ``@a::b::0`` (or ``@a#b#0``, as it was written before) is in the document."""
        found: Any = self.document
        for part in reference[1:].replace("#", "::").split("::"):
            try:
                found = found[int(part)] if isinstance(found, list) else found[part]
            except (KeyError, IndexError, ValueError, TypeError):
                raise ConfigError(f"{where} refers to {reference}, which is not there") from None
        return found


def target(value: Any, where: str) -> str:
    """The class that a component names, without its module: ``UNet``.

    Raises:
        ConfigError: It is no component, or is not simply made.
    """
    named = value.get("_target_") if isinstance(value, dict) else None
    if not isinstance(named, str) or named.startswith(("$", "%", "@")):
        raise ConfigError(f"{where} names no class")
    if "_mode_" in value or "_requires_" in value:
        raise ConfigError(f"{where} asks for more than a class: {named}")
    module, _, name = named.rpartition(".")
    if module and not module.startswith("monai."):
        raise ConfigError(f"{where} is {named}, code that is not MONAI's")
    return name


def arguments(value: dict[str, Any]) -> dict[str, Any]:
    """What a component is made with."""
    return {key: item for key, item in value.items() if not key.startswith("_")}


def is_disabled(value: Any) -> bool:
    """Whether a component is switched off; MONAI takes the text as well."""
    return isinstance(value, dict) and str(value.get("_disabled_", False)).lower() == "true"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
