"""What the nodes of a document were, to find those that have changed since."""

from __future__ import annotations

import marshal
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..plain import MARSHAL_VERSION, is_plain
from ..workflow import NodeDoc

MOST_CHANGED = 200
"""More than so many are no small edit."""
_PAGE = 64
_Row = tuple[str, str, int, Any, Any]


class Snapshot:
    """The nodes' types, versions, modes and inputs, by content, in the document's order.

    Many nodes are frozen at once, which takes a fraction of the time of each by itself; a
    page that has changed is read back to see where.
    """

    def __init__(self, pages: list[bytes]) -> None:
        self._pages = pages

    @classmethod
    def of(cls, nodes: Mapping[str, NodeDoc], unsure: Collection[str]) -> Snapshot:
        """A document's.

        Args:
            unsure: The nodes whose inputs are not known to be plain data.
        """
        return cls([_frozen(page, unsure) for page in _pages(nodes)])

    def compared(self, nodes: Mapping[str, NodeDoc]) -> tuple[list[str], Snapshot] | None:
        """Ids whose inputs may differ, in a document of as many nodes, and its snapshot; None
        if more than inputs differ, or too many."""
        changed: list[str] = []
        pages = list(self._pages)
        for number, page in enumerate(_pages(nodes)):
            old = pages[number]
            try:
                # Of a plain page no other is the same, so this needs no look at the values.
                if marshal.dumps(page, MARSHAL_VERSION) == old:
                    continue
            except ValueError:  # a value that is no plain data
                pass
            for was, now in zip(marshal.loads(old), page, strict=True):
                if was[:4] != now[:4]:
                    return None
                if was[4] is ... or not _same(was[4], now[4]):
                    changed.append(now[0])
            if len(changed) > MOST_CHANGED:
                return None
            pages[number] = _frozen(page, {row[0] for row in page})
        return changed, Snapshot(pages)


def _pages(nodes: Mapping[str, NodeDoc]) -> Iterable[list[_Row]]:
    rows: list[_Row] = [
        (id, doc.type, doc.version, doc.mode, doc.inputs) for id, doc in nodes.items()
    ]
    return (rows[at : at + _PAGE] for at in range(0, len(rows), _PAGE))


def _frozen(page: list[_Row], unsure: Collection[str]) -> bytes:
    """A page as bytes; ``...`` stands for inputs that are not plain: marshal would write an
    array without its shape and dtype."""
    if unsure:
        page = [
            row if row[0] not in unsure or is_plain(row[4]) else (*row[:4], ...) for row in page
        ]
    return marshal.dumps(page, MARSHAL_VERSION)


def _same(was: Any, now: Any) -> bool:
    try:
        return marshal.dumps(was, MARSHAL_VERSION) == marshal.dumps(now, MARSHAL_VERSION)
    except ValueError:
        return False
