"""Cache keys: Merkle hashes over what a node does and what it is given.

A key covers the node's type, version and source, its literals, the keys of what it is
linked to and the content of the files it names. Ids are not part of it, so equal work is
one entry across nodes, workflows and restarts. ``None`` means: not cacheable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

from ..fingerprint import DIGEST_BYTES, digest, encode_literal, source_fingerprint
from ..node import NodeSpec

Encoded = bytes | None
SET_ASIDE = bytes(DIGEST_BYTES)
"""Stands for the key of a node that gives nothing, in the keys of what gathers from it."""


class _Head(NamedTuple):
    """What every key of a node type begins with, and its inputs by name, sorted.

    Attributes:
        prefix: Digest of the type, its version and source, and the names of its inputs.
        names: Its inputs.
        defaults: Their encodings where nothing is given.
        pick: Takes the encodings in the order of the names when all are given.
    """

    prefix: bytes
    names: list[str]
    defaults: list[Encoded]
    pick: Callable[[Mapping[str, Encoded]], Iterable[Encoded]]


class Keys:
    """Computes the keys of one engine.

    Args:
        salt: Gives what changes the results of nodes that compute on a device: its kind
            and the dtype. Called when the first such node is met.
    """

    def __init__(self, salt: Callable[[], str] = str) -> None:
        self._salt = salt
        self._heads: dict[NodeSpec, _Head | None] = {}

    def step(self, spec: NodeSpec, encoded: Mapping[str, Encoded]) -> bytes | None:
        """The key of a node, from the encodings of its inputs; absent ones are defaults."""
        try:
            head = self._heads[spec]
        except KeyError:
            head = self._heads[spec] = self._head(spec)
        if head is None:
            return None
        prefix, names, defaults, pick = head
        all_given = len(encoded) == len(names)
        parts: Any = pick(encoded) if all_given else map(encoded.get, names, defaults)
        try:
            return blake2b(prefix + b"".join(parts), digest_size=DIGEST_BYTES).digest()
        except TypeError:  # an input without an encoding
            return None

    def _head(self, spec: NodeSpec) -> _Head | None:
        if spec.volatile or spec.source is None:
            return None
        identity = [spec.id, spec.version, spec.source, sorted(spec.inputs)]
        if spec.device:
            identity.append(self._salt())
        prefix = encode_literal(identity)
        assert prefix is not None
        ports = sorted(spec.inputs.items())
        defaults = [None if port.required else encode_literal(port.default) for _, port in ports]
        names = [name for name, _ in ports]
        pick: Any = itemgetter(*names) if len(names) > 1 else dict.values
        return _Head(digest(prefix), names, defaults, pick)


def encode_link(
    key: bytes | None, output: str, convert: Callable[[Any], Any] | None = None
) -> Encoded:
    """The encoding of an input that is fed by an output of the step with that key."""
    if key is None:
        return None
    tail = output_tail(output, convert)
    return None if tail is None else b"k" + key + tail


@lru_cache(maxsize=65536)
def output_tail(output: str, convert: Callable[[Any], Any] | None) -> bytes | None:
    how = ""
    if convert is not None and convert is not float:
        source = source_fingerprint(convert)
        if source is None:
            return None
        how = source
    elif convert is float:
        how = "float"
    return encode_literal([output, how])


def encode_sources(parts: list[Encoded], keys: tuple[str, ...] = ()) -> Encoded:
    """The encoding of an input that gathers several links into a list, or into a dict."""
    if None in parts:
        return None
    names = encode_literal(list(keys)) if keys else b""
    return b"g%d:" % len(parts) + names + b"".join(parts)  # type: ignore[arg-type,operator]


def derived(key: bytes | None, *path: str | int) -> Encoded:
    """The encoding of a live value that the step with that key determines, by its path."""
    if key is None:
        return None
    tail = encode_literal(list(path))
    assert tail is not None
    return b"v" + key + tail
