"""The grammar of weighted prompts: ``(word:1.3)``, ``((word))``, ``[word]``, ``\\(``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

EMPHASIS = 1.1
MAX_WEIGHT = 10.0
_TOKEN = re.compile(r"\\[()\[\]\\:]|[()\[\]]|[^\\()\[\]]+|\\")
_WEIGHT = re.compile(r"^(.*):\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*$", re.DOTALL)


class PromptError(ValueError):
    """The weights of a prompt can't be read."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text and the weight that all of it has."""

    text: str
    weight: float


def parse(prompt: str) -> list[Span]:
    """Split a prompt into spans of equal weight; neighbours differ in weight.

    ``(text)`` multiplies the weight by 1.1, ``[text]`` divides it by 1.1, ``(text:1.3)``
    multiplies it by 1.3; they nest. A backslash takes the meaning from a bracket, a colon
    or a backslash. A bracket that is never closed counts to the end of the prompt, and one
    that was never opened is text.

    Raises:
        PromptError: A weight is beyond 10 or -10.
    """
    texts: list[str] = []
    weights: list[float] = []
    opened: list[tuple[str, int]] = []
    plain_from = 0  # spans before it can't hold the ":1.3" of the innermost bracket
    for token in _TOKEN.findall(prompt):
        if token in ("(", "["):
            opened.append((token, len(texts)))
            plain_from = len(texts)
        elif token in (")", "]") and opened and opened[-1][0] == _OPENING[token]:
            _, start = opened.pop()
            factor = EMPHASIS if token == ")" else 1 / EMPHASIS
            if token == ")" and len(texts) > plain_from:
                found = _WEIGHT.match(texts[-1])
                if found:
                    texts[-1], factor = found[1], _weight(found[2], found[1])
            for index in range(start, len(texts)):
                weights[index] *= factor
            plain_from = len(texts)
        else:
            escaped = len(token) == 2 and token[0] == "\\"
            texts.append(token[1] if escaped else token)
            weights.append(1.0)
            if escaped:
                plain_from = len(texts)
    for bracket, start in opened:
        for index in range(start, len(texts)):
            weights[index] *= EMPHASIS if bracket == "(" else 1 / EMPHASIS
    return _merge(texts, weights)


_OPENING = {")": "(", "]": "["}


def _weight(number: str, text: str) -> float:
    weight = float(number)
    if abs(weight) > MAX_WEIGHT:
        near = text.strip()[-30:]
        raise PromptError(
            f"the weight {number} of {near!r} is not within {-MAX_WEIGHT:g} to {MAX_WEIGHT:g}; "
            r"write \( and \) for brackets that are text"
        )
    return weight


def _merge(texts: list[str], weights: list[float]) -> list[Span]:
    pieces = [(text, weight) for text, weight in zip(texts, weights, strict=True) if text]
    runs = groupby(pieces, key=itemgetter(1))
    return [Span("".join(text for text, _ in run), weight) for weight, run in runs]
