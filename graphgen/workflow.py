"""The document: what a saved workflow holds, how it is read, written and embedded in PNGs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .plain import is_plain
from .problems import InvalidWorkflow, Problem
from .workspace import atomic_file

FORMAT: Literal["graphgen/1"] = "graphgen/1"
PNG_KEY = "graphgen"
SUBGRAPH_PREFIX = "workflow/"
MAX_DEPTH = 200
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RESERVED = frozenset("./\0")
_HALVES = re.compile("[\ud800-\udfff]")


class NodeDoc(BaseModel):
    """One node of a document.

    ``inputs`` holds a literal, a link ``{"link": "node.output"}``, or a list or a dict of
    nothing but links. A literal that would read as a link is written ``{"literal": ...}``.
    ``{"file": "photo.png"}`` is what a file of the workspace holds, for port types that are
    read from files.

    ``mode`` sets a node aside without taking it out: ``muted`` skips its outputs and what
    needs them, ``bypassed`` passes on, for each output, a linked input of the same type.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    version: int = Field(default=1, ge=1)
    inputs: dict[str, Any] = Field(default_factory=dict)
    mode: Literal["muted", "bypassed"] | None = None


class Workflow(BaseModel):
    """A saved workflow, format ``graphgen/1``: a function drawn as a graph.

    ``inputs`` names node inputs (``node.port``, or a list of them that all receive the
    value), ``outputs`` names node outputs. ``workflows`` holds subgraphs, which nodes use
    as the type ``workflow/NAME``. ``packs`` says which packs its nodes came from, and in
    which version. Neither that nor anything under ``editor`` changes a result.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["graphgen/1"] = FORMAT
    name: str = ""
    description: str = ""
    inputs: dict[str, str | list[str]] = Field(default_factory=dict)
    outputs: dict[str, str] = Field(default_factory=dict)
    nodes: dict[str, NodeDoc] = Field(default_factory=dict)
    workflows: dict[str, Workflow] = Field(default_factory=dict)
    packs: dict[str, str] = Field(default_factory=dict)
    editor: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def read(cls, source: Workflow | Mapping[str, Any] | Path | str) -> Workflow:
        """A workflow from a document, a JSON file, or a PNG that graphgen saved.

        Raises:
            InvalidWorkflow: It is not there, not JSON, or no workflow; every problem of
                the document is listed.
        """
        if isinstance(source, Workflow):
            return source
        if isinstance(source, Mapping):
            return cls.parse(source)
        path = Path(source)
        try:
            data = path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InvalidWorkflow(
                Problem("missing_file", f"the workflow {path} can't be read: {reason}")
            ) from None
        return cls.from_bytes(data, str(path))

    @classmethod
    def from_bytes(cls, data: bytes, where: str = "the document") -> Workflow:
        """A workflow from what a JSON file or a PNG holds; ``where`` names it in errors."""
        if data.startswith(_PNG_SIGNATURE):
            data = _embedded(data, where)
        return cls.parse_json(data, where)

    @classmethod
    def parse_json(cls, data: bytes | str, where: str = "the document") -> Workflow:
        """A workflow from JSON text; ``where`` names it in errors."""
        try:
            document = json.loads(data)
        except RecursionError:
            raise InvalidWorkflow(
                Problem("too_deep", f"{where} is nested too deeply to be a workflow")
            ) from None
        except UnicodeDecodeError:
            raise InvalidWorkflow(Problem("not_json", f"{where} is not UTF-8 text")) from None
        except ValueError as error:
            raise InvalidWorkflow(Problem("not_json", f"{where} is not JSON: {error}")) from None
        return cls.parse(document, where)

    @classmethod
    def parse(cls, document: Any, where: str = "the document") -> Workflow:
        """A workflow from plain data, checked as a whole."""
        if not isinstance(document, Mapping) or "nodes" not in document:
            raise InvalidWorkflow(
                Problem(
                    "not_a_workflow",
                    f"{where} is no graphgen workflow",
                    hint=f'a workflow is an object with "format": "{FORMAT}" and "nodes"',
                )
            )
        _check_depth(document, where)
        try:
            workflow = cls.model_validate(document)
        except ValidationError as error:
            raise InvalidWorkflow(_document_problems(error)) from None
        problems = list(_id_problems(workflow))
        if problems:
            raise InvalidWorkflow(problems)
        return workflow

    def to_dict(self) -> dict[str, Any]:
        """The document as plain data, without what is empty."""
        document = self.model_dump(exclude_defaults=True)
        return {"format": self.format, **document, "nodes": document.get("nodes", {})}

    def to_json(self, indent: int | None = 2) -> str:
        """The document as JSON text.

        Raises:
            TypeError: A literal was set from Python to something that JSON can't hold.
        """
        text = json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)
        if _HALVES.search(text):
            return json.dumps(self.to_dict(), indent=indent)  # half a character has no UTF-8
        return text

    def write(self, path: Path | str) -> None:
        """Save as JSON; the file is whole or, on an error, as it was."""
        text = self.to_json() + "\n"
        with atomic_file(Path(path)) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def input_targets(self, name: str) -> list[tuple[str, str]]:
        """The ``(node, port)`` pairs that a named input feeds."""
        ports = self.inputs[name]
        return [split_port(port) for port in ([ports] if isinstance(ports, str) else ports)]

    def with_inputs(self, values: Mapping[str, Any]) -> Workflow:
        """The same workflow with named inputs given as literals.

        Raises:
            InvalidWorkflow: A name is not one of its inputs.
        """
        if not values:
            return self
        _check_depth(list(values.values()), "the value of an input")
        problems = [
            Problem(
                "unknown_input",
                f"the workflow has no input named {name!r}",
                hint=f"its inputs: {', '.join(self.inputs) or 'none'}",
            )
            for name in values
            if name not in self.inputs
        ]
        if problems:
            raise InvalidWorkflow(problems)
        nodes = dict(self.nodes)
        for name, value in values.items():
            literal = {"literal": value} if _reads_as_link(value) else value
            for node, port in self.input_targets(name):
                if node in nodes:
                    old = nodes[node]
                    inputs = {**old.inputs, port: literal}
                    nodes[node] = old.model_copy(update={"inputs": inputs})
        return self.model_copy(update={"nodes": nodes})


def embedded(workflow: Workflow, values: Mapping[str, Any]) -> dict[str, str]:
    """Text for a picture's metadata: the workflow with the inputs of the run in it.

    Values that JSON can't hold stay open, to be given again.
    """
    plain = {name: value for name, value in values.items() if is_plain(value)}
    return {PNG_KEY: workflow.with_inputs(plain).to_json(indent=None)}


def split_port(reference: str) -> tuple[str, str]:
    """``"decode.image"`` to ``("decode", "image")``; an empty port if there is no dot."""
    node, dot, port = reference.rpartition(".")
    return (node, port) if dot else (reference, "")


def link_of(value: Any) -> str | None:
    """The ``node.output`` that an input value links to, or None for a literal."""
    if type(value) is dict and len(value) == 1:
        link = value.get("link")
        if isinstance(link, str):
            return link
    return None


def file_of(value: Any) -> str | None:
    """The name in a literal ``{"file": name}``, or None for anything else."""
    if type(value) is dict and len(value) == 1:
        name = value.get("file")
        if isinstance(name, str):
            return name
    return None


def literal_of(value: Any) -> Any:
    """The literal itself, out of ``{"literal": ...}`` if it was written so."""
    return value["literal"] if is_wrapped(value) else value


def is_wrapped(value: Any) -> bool:
    """Whether it is a literal written as ``{"literal": ...}``."""
    return type(value) is dict and len(value) == 1 and "literal" in value


def _reads_as_link(value: Any) -> bool:
    if is_wrapped(value):
        return True
    members = value.values() if type(value) is dict else value if type(value) is list else ()
    return link_of(value) is not None or any(link_of(member) is not None for member in members)


def _embedded(data: bytes, where: str) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data)) as picture:
            picture.load()
            text = getattr(picture, "text", {}).get(PNG_KEY)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise InvalidWorkflow(
            Problem("unreadable_image", f"{where} is a damaged PNG: {error}")
        ) from None
    if text is None:
        raise InvalidWorkflow(
            Problem(
                "no_workflow_in_image",
                f"{where} holds no workflow",
                hint="only PNGs saved by a graphgen run do, and some programs remove it",
            )
        )
    return str(text).encode()


def _check_depth(document: Any, where: str) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise InvalidWorkflow(
        Problem("too_deep", f"{where} is nested more than {MAX_DEPTH} levels deep")
    )


def _document_problems(error: ValidationError) -> list[Problem]:
    problems = []
    for item in error.errors():
        location = [str(part) for part in item["loc"]]
        node = location[1] if len(location) > 1 and location[0] == "nodes" else None
        where = ".".join(location) or "the document"
        code = "unknown_format" if location == ["format"] else "not_a_workflow"
        problems.append(Problem(code, f"{where}: {item['msg']}", node))
    return problems


def _id_problems(workflow: Workflow, prefix: str = "") -> Iterable[Problem]:
    for id in workflow.nodes:
        if not id or not _RESERVED.isdisjoint(id):
            yield Problem(
                "invalid_id",
                f"{id!r} can't be a node's id",
                prefix + id,
                hint="ids are not empty and have no dot and no slash",
            )
    for name, inner in workflow.workflows.items():
        yield from _id_problems(inner, f"{prefix}{name}/")
