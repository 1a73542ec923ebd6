"""Nodes saved with an older version of their type, brought forward step by step."""

from __future__ import annotations

from typing import Any

from ..node import NodeSpec
from ..problems import NodeError, Problem
from ..workflow import NodeDoc


def migrated(id: str, doc: NodeDoc, spec: NodeSpec) -> dict[str, Any] | Problem:
    """The node's inputs as the installed version takes them, or why there is no way."""
    if doc.version > spec.version:
        return Problem(
            "unknown_version",
            f"needs version {doc.version} of {spec.id!r}, the installed pack has {spec.version}",
            id,
            hint="update the pack",
        )
    inputs = dict(doc.inputs)
    for version in range(doc.version, spec.version):
        migrate = spec.migrations.get(version)
        if migrate is None:
            return Problem(
                "no_migration",
                f"saved with version {doc.version} of {spec.id!r}; its pack has version "
                f"{spec.version} and no way forward from {version}",
                id,
                hint="look at the pack's notes, and set the version by hand",
            )
        try:
            inputs = migrate(inputs)
        except NodeError as error:  # what the pack's author knows can't be done
            return Problem(
                "no_migration",
                f"saved with version {doc.version} of {spec.id!r}, which can't be brought to "
                f"version {spec.version}: {error}",
                id,
                error.port,
                error.hint,
            )
        except Exception as error:
            return Problem(
                "migration_failed",
                f"{spec.id!r} could not be brought from version {version} to "
                f"{version + 1}: {type(error).__name__}: {error}",
                id,
                hint="tell the pack's author",
            )
    return inputs
