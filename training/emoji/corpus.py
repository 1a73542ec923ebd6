"""Texts to distil the text encoder on: captions, WordNet's words and glosses, templates."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .concepts import article, captions, choose, held_out, normalise, plural
from .data import load_icons

ADJECTIVES = (
    "red",
    "green",
    "blue",
    "small",
    "big",
    "old",
    "round",
    "cute",
    "wild",
    "sweet",
    "happy",
)
TEMPLATES = (
    *(
        "{a}",
        "the {x}",
        "some {y}",
        "two {y}",
        "a picture of {a}",
        "an emoji of {a}",
        "{x} and {z}",
        "{z} with {a}",
    ),
    *(
        "{adj} {x}",
        "a {adj} {x}",
        "{x}, {z}",
        "{z} on a {x}",
        "{a} in {b}",
        "{y}",
        "a photo of the {x}",
        "my {x}",
    ),
)


def wordnet(packages: Path) -> tuple[list[str], list[str]]:
    """Return WordNet's lemmas (common ones first) and its short glosses."""
    senses: Counter[str] = Counter()
    glosses: list[str] = []
    for part in ("noun", "verb", "adj"):
        for line in (packages / "wordnet" / "dict" / f"data.{part}").read_text().splitlines():
            if line.startswith("  "):
                continue
            head, gloss = line.split(" | ")
            fields = head.split()
            words = [word.split("(")[0] for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
            senses.update(word.replace("_", " ").lower() for word in words)
            text = re.split(r'[;"]', gloss)[0].strip()
            if 2 <= len(text.split()) <= 10:
                glosses.append(text.lower())
    return [word for word, _ in senses.most_common()], glosses


class Corpus:
    """An endless stream of texts: captions, WordNet words, templates around them, glosses."""

    def __init__(self, work: Path, seed: int) -> None:
        icons = load_icons(work)
        labelled = captions(choose(icons), seed)
        self.captions = sorted({text for items in labelled.values() for text, _ in items})
        self.names = sorted({text for emoji in icons.emojis for text in (emoji.label, *emoji.tags)})
        self.words, self.glosses = wordnet(work / "packages")
        self.common = self.words[:30000]
        self.forbidden = held_out()
        self.random = random.Random(seed)

    def weights(self) -> Counter[str]:
        """Return words with their weights, for choosing the vocabulary."""
        counts: Counter[str] = Counter()
        for weight, texts in (
            (50, self.names),
            (4, self.common),
            (1, self.words),
            (1, self.glosses),
        ):
            for text in texts:
                for word in text.split():
                    counts[word] += weight
        return counts

    def text(self) -> str:
        """Draw one text."""
        draw = self.random.random()
        if draw < 0.25:
            return self.random.choice(self.captions)
        words = self.names if self.random.random() < 0.35 else self.common
        x = self.random.choice(words if draw < 0.8 else self.words)
        if draw > 0.6:
            return x
        z = self.random.choice(self.names)
        adjective = self.random.choice(ADJECTIVES)
        template = self.random.choice(TEMPLATES)
        return template.format(x=x, y=plural(x), z=z, a=article(x), b=article(z), adj=adjective)

    def batches(self, size: int) -> Iterator[list[str]]:
        """Yield batches without held-out prompts; one in sixteen holds glosses, which are long."""
        while True:
            if self.random.random() < 1 / 16:
                texts = self.random.sample(self.glosses, size)
            else:
                texts = [self.text() for _ in range(size)]
            yield [text for text in texts if normalise(text) not in self.forbidden]
