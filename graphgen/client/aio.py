"""``AsyncClient``."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from .address import DEFAULT_URL, Address
from .core import Core
from .file import AsyncFile, AsyncFileList
from .link import Link
from .watch import Watch


class AsyncClient(Core[AsyncFile]):
    """Talks to a graphgen server, in async code::

        async with AsyncClient("http://127.0.0.1:8765") as client:
            run = await client.run("text_to_image.json", {"prompt": "a red apple"})
            await run.outputs["image"].save("pictures")

    Any number of tasks of one event loop may use it at once; they share its connections.
    ``workflows`` has the workflows that are saved on the server, ``files`` the files of its
    workspace.

    Args:
        url: What ``graphgen serve`` prints, with or without the token in it.
        token: What the server wants to see. [default: the one in ``url``, or the variable
            ``GRAPHGEN_TOKEN``]

    Raises:
        WrongServer: That is no address. Whether a server is there is found out by the first
            request, which raises ``ServerUnreachable`` if none answers, and ``WrongServer``
            if it is another one, of another version, or does not take the token.
    """

    def __init__(self, url: str = DEFAULT_URL, token: str | None = None) -> None:
        self._link = Link(Address.read(url, token))
        self._watch = Watch(self._link)
        super().__init__(self._link, self._watch, AsyncFile, AsyncFileList)

    async def close(self) -> None:
        """Close its connections. Runs that were submitted go on."""
        await self._watch.close()
        await self._link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
