"""Files of this machine that a run on a server reads."""

from __future__ import annotations

from pathlib import Path

from ..client import NotFound
from ..client.sync import Files as ServerFiles
from ..fingerprint import file_fingerprint
from ..keep import KEPT_DIGITS, kept_name
from ..problems import NodeError
from ..workspace import Files, Workspace


class FileSender:
    """Uploads the files that settings and documents name, each under a name made from its
    content, as a run in this process would copy them.

    Args:
        files: Of the server.
        workflow: The file of the workflow. What lies beside a JSON file may be sent; a
            picture names no files beside itself, since who sent it could name any there.
    """

    def __init__(self, files: ServerFiles, workflow: Path | None) -> None:
        self._server = files
        is_json = workflow is not None and workflow.suffix.lower() != ".png"
        self._beside = Files([workflow.absolute().parent] if workflow and is_json else [])
        workspace = Workspace()
        self._own = Files([workspace.inputs, workspace.outputs])
        self._sent: dict[Path, str] = {}

    def keep(self, path: Path) -> str:
        """The name that the server's runs shall call a file or folder by, after sending it.

        Raises:
            NodeError: It can't be read.
            GraphgenError: The server does not take it.
        """
        real = path.resolve()
        if real not in self._sent:
            digest = file_fingerprint(real) if real.is_file() or real.is_dir() else None
            if digest is None:
                raise NodeError(
                    f"{path} is no file that can be sent to a server", code="unreadable_file"
                )
            name = kept_name(real, digest[:KEPT_DIGITS])
            self._sent[real] = self._server.upload(real, name).path
        return self._sent[real]

    def keep_literal(self, name: str) -> str:
        """The same for a name in a document. A file beside the workflow is sent, but no whole
        folder: nobody here has named it. One of the workspace here is sent only if the server
        has none of that name."""
        beside = _resolved(self._beside, name)
        if beside is not None:
            return self.keep(beside)
        own = _resolved(self._own, name)
        if own is None or self._has(name):
            return name
        if own not in self._sent:
            self._sent[own] = self._server.upload(own).path
        return self._sent[own]

    def _has(self, name: str) -> bool:
        try:
            self._server.find(name)
        except NotFound:
            return False
        return True


def _resolved(files: Files, name: str) -> Path | None:
    try:
        real = files.resolve(name)
    except NodeError:
        return None
    return real if real.is_file() else None
