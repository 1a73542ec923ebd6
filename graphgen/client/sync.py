"""``Client``: the same as ``AsyncClient``, for code that is not async."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Self

from .address import DEFAULT_URL, Address
from .core import Core
from .file import File, FileList
from .files import ServerFiles
from .link import Link
from .portal import Portal, blocking
from .watch import Watch
from .workflows import ServerWorkflows


class Workflows:
    """Reads, writes and runs the workflows that a server has saved. Every save is kept.

    Every method that takes a name raises ``NotFound`` if nothing is saved under it.
    """

    def __init__(self, portal: Portal, core: ServerWorkflows) -> None:
        self._portal = portal
        self._core = core

    run = blocking(ServerWorkflows.run)
    submit = blocking(ServerWorkflows.submit)
    list = blocking(ServerWorkflows.list)
    deleted = blocking(ServerWorkflows.deleted)
    read = blocking(ServerWorkflows.read)
    write = blocking(ServerWorkflows.write)
    delete = blocking(ServerWorkflows.delete)
    restore = blocking(ServerWorkflows.restore)
    purge = blocking(ServerWorkflows.purge)
    rename = blocking(ServerWorkflows.rename)
    history = blocking(ServerWorkflows.history)
    schema = blocking(ServerWorkflows.schema)


class Files:
    """Files that runs may read, and files that runs wrote."""

    def __init__(self, portal: Portal, core: ServerFiles[File]) -> None:
        self._portal = portal
        self._core = core

    upload = blocking(ServerFiles[File].upload)
    list = blocking(ServerFiles[File].list)
    find = blocking(ServerFiles[File].find)


class Client:
    """Talks to a graphgen server::

        with Client("http://127.0.0.1:8765") as client:
            run = client.run("text_to_image.json", {"prompt": "a red apple"}, on_event=print)
            run.outputs["image"].save("pictures")

    Any number of threads may use it at once. Its connections live in a thread of its own,
    which begins with the first request and ends with ``close``.

    Args:
        url: What ``graphgen serve`` prints, with or without the token in it.
        token: What the server wants to see. [default: the one in ``url``, or the variable
            ``GRAPHGEN_TOKEN``]

    Attributes:
        workflows: The workflows that are saved on the server.
        files: The files of its workspace.

    Raises:
        WrongServer: That is no address. Whether a server is there is found out by the first
            request, which raises ``ServerUnreachable`` if none answers, and ``WrongServer``
            if it is another one, of another version, or does not take the token.
    """

    def __init__(self, url: str = DEFAULT_URL, token: str | None = None) -> None:
        link = Link(Address.read(url, token))
        watch = Watch(link)
        self._portal = Portal(partial(_close, watch, link))
        self._core = Core(link, watch, partial(File, _portal=self._portal), FileList)
        self.workflows = Workflows(self._portal, self._core.workflows)
        self.files = Files(self._portal, self._core.files)

    run = blocking(Core[File].run)
    submit = blocking(Core[File].submit)
    wait = blocking(Core[File].wait)
    get = blocking(Core[File].get)
    cancel = blocking(Core[File].cancel)
    runs = blocking(Core[File].runs)
    workflow_of = blocking(Core[File].workflow_of)
    queue = blocking(Core[File].queue)
    pause = blocking(Core[File].pause)
    resume = blocking(Core[File].resume)
    reorder = blocking(Core[File].reorder)
    set_priority = blocking(Core[File].set_priority)
    validate = blocking(Core[File].validate)
    nodes = blocking(Core[File].nodes)
    models = blocking(Core[File].models)
    memory = blocking(Core[File].memory)
    free_memory = blocking(Core[File].free_memory)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._core.url

    def close(self) -> None:
        """Close its connections and end its thread. Runs that were submitted go on."""
        self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


async def _close(watch: Watch, link: Link) -> None:
    await watch.close()
    await link.close()
