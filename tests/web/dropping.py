"""Files dropped on the window of the editor."""

from __future__ import annotations

import json
from typing import Any

_DROP = """([name, kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
  const options = { bubbles: true, cancelable: true, dataTransfer: data };
  for (const type of ["dragenter", "dragover", "drop"])
    document.querySelector(".workspace").dispatchEvent(new DragEvent(type, options));
}"""


def drop_file(page, name: str, content: bytes, kind: str) -> None:
    """Drop a file on the middle of the window."""
    page.evaluate(_DROP, [name, kind, list(content)])


def drop_workflow(page, document: dict[str, Any], name: str = "dropped.json") -> None:
    """Drop a document and wait until it is drawn, and fits the window."""
    drop_file(page, name, json.dumps(document).encode(), "application/json")
    cards = [page.locator(f'[data-node="{node}"]') for node in document["nodes"]]
    for card in cards:
        card.wait_for()
    for card in cards[-1:]:  # all move together
        card.element_handle().wait_for_element_state("stable")
