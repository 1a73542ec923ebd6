"""What a literal can mean outside its workflow: files of the workspace, and models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .fingerprint import file_fingerprint
from .models.library import ModelLibrary
from .ports import InputMarker
from .problems import NodeError, Problem
from .types import check_suffixes
from .workspace import Files


@dataclass
class Environment:
    """Handed to input markers, and to nodes through their context."""

    files: Files = field(default_factory=Files)
    models: ModelLibrary = field(default_factory=ModelLibrary)


@dataclass(frozen=True)
class InputFile(InputMarker):
    """``Annotated[str, InputFile(...)]``: the name of a file or folder in the workspace.

    The content of the file, not its name, enters the cache key. The node reads it through
    ``ctx.files.resolve(name)``.

    Attributes:
        suffixes: What an editor offers to pick, such as ``(".png", ".nii.gz")``, whatever
            their case; any file if there are none. No other file is refused for its name.
        folders: Whether a folder can be given as well, such as a DICOM series.

    Raises:
        ValueError: A suffix does not begin with a dot.
    """

    suffixes: tuple[str, ...] = ()
    widget: str = "file"
    folders: bool = False

    def __post_init__(self) -> None:
        check_suffixes(self.suffixes)

    def schema(self) -> dict[str, Any]:
        schema = super().schema()
        if self.suffixes:
            schema["suffixes"] = list(self.suffixes)
        if self.folders:
            schema["folders"] = True
        return schema

    def check(self, value: Any, environment: Environment) -> Problem | None:
        try:
            environment.files.resolve(value)
        except NodeError as error:
            return Problem(error.code, str(error), hint=error.hint)
        return None

    def fingerprint(self, value: Any, environment: Environment) -> str | None:
        try:
            return file_fingerprint(environment.files.resolve(value))
        except NodeError:
            return None


@dataclass(frozen=True)
class ModelName(InputMarker):
    """``Annotated[str, ModelName()]``: a model of the library, by name.

    The node finds it with ``ctx.models.find(name)``.

    Attributes:
        folder: The sub-folder of the library that it is looked up in first, such as
            ``loras``.
    """

    folder: str = ""
    widget: str = "model"

    def check(self, value: Any, environment: Environment) -> Problem | None:
        try:
            environment.models.find(value, self.folder)
        except NodeError as error:
            return Problem(error.code, str(error), hint=error.hint)
        return None

    def fingerprint(self, value: Any, environment: Environment) -> str | None:
        try:
            return file_fingerprint(environment.models.find(value, self.folder))
        except NodeError:
            return None
