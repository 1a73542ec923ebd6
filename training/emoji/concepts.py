"""Which icons are drawn as concepts, and the captions each is trained with."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from pathlib import Path

from .data import Emoji, Icons

PROMPTS = Path(__file__).with_name("evaluation_prompts.json")
CHOICE = Path(__file__).with_name("concept_choice.json")


def choose(icons: Icons) -> list[Emoji]:
    """Return the concepts, in the order of the icons.

    ``concept_choice.json`` names whole subgroups of emojibase-data (its ``meta/groups.json``),
    single icons added to them, and icons removed: those that differ from a kept one by a detail
    that is lost at 64x64, and those that show mostly writing.
    """
    choice = json.loads(CHOICE.read_text())
    asked = evaluation_targets()
    added, removed = asked.union(choice["added"]), set(choice["removed"]) - asked
    subgroups = set(choice["subgroups"])
    return [
        emoji
        for emoji in icons.emojis
        if (emoji.subgroup in subgroups or emoji.label in added) and emoji.label not in removed
    ]


def evaluation_prompts() -> dict[str, dict[str, str]]:
    """Return the held-out prompts by kind: prompt to the label of the right icon."""
    prompts: dict[str, dict[str, str]] = json.loads(PROMPTS.read_text())
    return prompts


def evaluation_targets() -> set[str]:
    """Return the labels that the held-out prompts ask for."""
    return set(
        itertools.chain.from_iterable(kind.values() for kind in evaluation_prompts().values())
    )


def normalise(text: str) -> str:
    """Lower the case and join the white space, so that captions compare."""
    return " ".join(text.lower().split())


def held_out() -> set[str]:
    """Return every held-out prompt, normalised: none may be a training caption."""
    return {normalise(prompt) for kind in evaluation_prompts().values() for prompt in kind}


def plural(noun: str) -> str:
    """Return the regular English plural of a label's last word."""
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def article(noun: str) -> str:
    """Return the noun with its indefinite article."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def captions(concepts: list[Emoji], seed: int) -> dict[str, list[tuple[str, float]]]:
    """Return each concept's captions with their weights; the label itself weighs half.

    A tag stands alone only where at most two concepts have it; the others come in lists of two to
    four, in any order.  Held-out prompts are left out.
    """
    shared = Counter(tag for emoji in concepts for tag in emoji.tags)
    labels = {emoji.label for emoji in concepts}
    generator = random.Random(seed)
    forbidden = held_out()
    result: dict[str, list[tuple[str, float]]] = {}
    for emoji in concepts:
        label = emoji.label
        groups: list[tuple[float, list[str]]] = [
            (0.12, [article(label), f"the {label}"]),
            (0.06, [plural(label)]),
            (
                0.06,
                [
                    f"{prefix} {article(label)}"
                    for prefix in ("a picture of", "an emoji of", "a photo of")
                ],
            ),
            (0.10, [tag for tag in emoji.tags if shared[tag] <= 2 and tag not in labels - {label}]),
            (0.16, tag_lists(emoji, generator)),
        ]
        chosen = {label: 0.5}
        for weight, texts in groups:
            kept = [text for text in texts if normalise(text) not in forbidden and text != label]
            for text in kept:
                chosen[text] = chosen.get(text, 0.0) + weight / len(kept)
        result[label] = list(chosen.items())
    used = {normalise(text) for items in result.values() for text, _ in items}
    if overlap := used & forbidden:
        raise ValueError(f"held-out prompts among the training captions: {sorted(overlap)}")
    return result


def is_inside(prompt: str, texts: list[str]) -> bool:
    """Say whether the prompt's words stand together in one of the texts."""
    wanted = f" {prompt} ".replace(",", "")
    return any(wanted in f" {text} ".replace(",", "") for text in texts)


def tag_lists(emoji: Emoji, generator: random.Random, count: int = 8) -> list[str]:
    """Return lists of the icon's tags and label, shuffled, joined by commas or spaces."""
    tags = [tag for tag in emoji.tags if tag != emoji.label]
    lists = []
    for index in range(count):
        some = generator.sample(tags, min(len(tags), generator.randint(1, 3)))
        words = [emoji.label, *some] if index % 2 or len(some) < 2 else some
        generator.shuffle(words)
        lists.append((", " if index % 4 < 2 else " ").join(words))
    return lists
