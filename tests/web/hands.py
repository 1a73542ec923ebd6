"""What a person does in the editor, for tests."""

from __future__ import annotations

import json
from typing import Any


def card(page: Any, id: str) -> Any:
    return page.locator(f'[data-node="{id}"]')


def title(page: Any, id: str) -> Any:
    """The head of a card: what one takes it by."""
    return card(page, id).locator(".card-header")


def port(page: Any, reference: str, side: str) -> Any:
    return page.locator(f'[data-port="{reference}"][data-side="{side}"]')


def select(page: Any, *ids: str) -> None:
    """Exactly these nodes."""
    for index, id in enumerate(ids):
        modifiers = ["Control"] if index else []
        title(page, id).click(position={"x": 20, "y": 8}, modifiers=modifiers)


def selected(page: Any) -> set[str]:
    cards = page.locator(".card.selected").all()
    return {card.get_attribute("data-node") for card in cards}


def middle(locator: Any) -> tuple[float, float]:
    """Where it is when it has stopped moving."""
    locator.element_handle().wait_for_element_state("stable")
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def link(page: Any, source: str, target: str) -> None:
    """Draw a link from an output to an input."""
    drag(page, middle(port(page, source, "output")), middle(port(page, target, "input")))


def clipboard(page: Any) -> dict[str, Any]:
    return json.loads(page.evaluate("navigator.clipboard.readText()"))


def ground(page: Any) -> tuple[float, float]:
    """A place of the canvas where nothing lies."""
    bare = page.evaluate("""() => {
      for (let y = 870; y > 60; y -= 30)
        for (let x = 30; x < 1400; x += 30)
          if (document.elementFromPoint(x, y)?.classList.contains("react-flow__pane"))
            return [x, y];
    }""")
    assert bare, "the canvas is covered"
    return bare[0], bare[1]


def document(page: Any) -> dict[str, Any]:
    """What the shown level holds, by copying all of it."""
    page.mouse.click(*ground(page))
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.keyboard.press("Escape")
    return clipboard(page)


def put(page: Any, document: dict[str, Any]) -> None:
    """Another document in the place of the shown one, over the clipboard."""
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.evaluate("text => navigator.clipboard.writeText(text)", json.dumps(document))
    page.keyboard.press("Control+v")
    page.keyboard.press("f")
    page.keyboard.press("Escape")
