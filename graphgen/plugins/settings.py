"""What a workspace keeps of its user's choice of packs: ``plugins.json``."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..problems import InvalidWorkflow, Problem
from ..workspace import atomic_file
from .discovery import SETTINGS


class PluginSettings(BaseModel):
    """The user's choice.

    Attributes:
        disabled: Names of packs that are not loaded.
        folders: Where packs are looked for besides ``plugins/``; relative ones are relative
            to the workspace.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    disabled: list[str] = Field(default_factory=list)
    folders: list[str] = Field(default_factory=list)

    @classmethod
    def read(cls, workspace: Path) -> PluginSettings:
        """The settings of a workspace; the defaults if it has none.

        Raises:
            InvalidWorkflow: The file is damaged. Nothing is guessed, as a pack that the user
                turned off would be loaded.
        """
        path = workspace / SETTINGS
        try:
            return cls.model_validate(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            hint = "mend it, or remove it to use every pack that is found"
            problem = Problem("bad_settings", f"{path} can't be used: {said}", hint=hint)
            raise InvalidWorkflow(problem) from None

    def write(self, workspace: Path) -> None:
        """Keep them; the file is whole or, on an error, as it was."""
        with atomic_file(workspace / SETTINGS) as temporary:
            temporary.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def with_pack(self, name: str, enabled: bool) -> PluginSettings:
        """The same with one pack enabled or disabled."""
        others = [other for other in self.disabled if other != name]
        return self.model_copy(update={"disabled": others if enabled else sorted([*others, name])})
