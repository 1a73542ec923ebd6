"""Fingerprints: what makes two literals, two functions or two files the same.

What can't be fingerprinted gives None and is never cached; nothing is guessed.
"""

from __future__ import annotations

import enum
import hashlib
import inspect
import marshal
import os
import re
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from .digests import DigestMemory

DIGEST_BYTES = 16
COPY_MARK = "@"
"""Between the name of a module that is imported several times and the number of its copy."""
_COPY = re.compile(COPY_MARK + r"\d+")
_CHUNK = 1 << 20


def digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def encode_literal(value: Any) -> bytes | None:
    """An injective encoding of plain data: type tag, length, content.

    ``1``, ``1.0``, ``True`` and ``"1"`` differ, and so do ``[[1], []]`` and ``[[], [1]]``;
    dicts are equal whatever the order of their keys. None for anything else.
    """
    try:
        return _encode(value)
    except RecursionError:  # too deep, or a list that contains itself
        return None


def _encode(value: Any) -> bytes | None:
    kind = type(value)
    if kind is str:
        raw = value.encode("utf-8", "surrogatepass")
        return b"s%d:" % len(raw) + raw
    if kind is int:
        return b"i%x;" % value  # Python prints no decimals beyond 4300 digits
    if kind is float:
        return b"f" + struct.pack(">d", value)
    if kind is bool:
        return b"T" if value else b"F"
    if value is None:
        return b"N"
    if kind is bytes:
        return b"b%d:" % len(value) + value
    if kind is list or kind is tuple:
        parts = [_encode(item) for item in value]
        if None in parts:
            return None
        return b"%c%d:" % (b"l"[0] if kind is list else b"t"[0], len(parts)) + b"".join(parts)  # type: ignore[arg-type]
    if kind is dict:
        items = []
        for key, item in value.items():
            encoded_key, encoded = _encode(key), _encode(item)
            if encoded_key is None or encoded is None:
                return None
            items.append(encoded_key + encoded)
        return b"d%d:" % len(items) + b"".join(sorted(items))
    if isinstance(value, enum.Enum):
        inner = _encode(value.value)
        name = _full_name(kind).encode()
        return None if inner is None else b"e%d:" % len(name) + name + inner
    if isinstance(value, Path):
        inner = _encode(str(value))
        return None if inner is None else b"p" + inner
    dump = getattr(value, "model_dump", None)
    if callable(dump):  # a pydantic model given as a literal
        inner = _encode([_full_name(kind), dump(mode="json")])
        return None if inner is None else b"m" + inner
    return None


def source_fingerprint(function: Callable[..., Any]) -> str | None:
    """Identity of a node's code: the text of its package, its name and what it closes over.

    Every module of the package's folder counts, so that a changed helper beside the node
    changes the key; for a module outside packages, that module. A function without a
    source file counts by its bytecode. A closure over anything but plain immutable values
    can't be fingerprinted.
    """
    return _source(function, frozenset())


def _source(function: Callable[..., Any], seen: frozenset[int]) -> str | None:
    # A decorator's wrapper is not unwrapped: it closes over the function that it wraps.
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    if id(code) in seen:  # a function that closes over itself
        return "recursive"
    seen |= {id(code)}
    parts = [_COPY.sub("", function.__module__ or ""), function.__qualname__]
    for cell in function.__closure__ or ():
        part = _closed_over(cell, seen)
        if part is None:
            return None
        parts.append(part)
    text = _package_text(code.co_filename)
    body = text if text is not None else marshal.dumps(code)
    head = "\0".join(parts).encode("utf-8", "surrogatepass")
    return digest(b"%d:" % len(head) + head + body).hex()


def _closed_over(cell: Any, seen: frozenset[int]) -> str | None:
    try:
        value = cell.cell_contents
    except ValueError:  # an empty cell
        return "empty"
    if inspect.isfunction(value):
        return _source(value, seen)
    if isinstance(value, type):
        return _full_name(value)
    if isinstance(value, (list, dict)):
        return None
    encoded = encode_literal(value)
    return None if encoded is None else encoded.hex()


def _full_name(cls: type) -> str:
    """The same for every copy of a module."""
    return f"{_COPY.sub('', cls.__module__)}.{cls.__qualname__}"


def forget_sources() -> None:
    """Look at the text of packages again, which may have changed since."""
    _folder_text.cache_clear()


def _package_text(filename: str) -> bytes | None:
    path = Path(filename)
    if (path.parent / "__init__.py").is_file():
        return _folder_text(str(path.parent))
    try:
        return path.read_bytes()
    except OSError:
        return None


@lru_cache(maxsize=1024)
def _folder_text(folder: str) -> bytes:
    texts = [path.read_bytes() for path in sorted(Path(folder).glob("*.py"))]
    return digest(b"".join(b"%d:" % len(text) + text for text in texts))


@lru_cache(maxsize=65536)
def _file_digest(path: str, size: int, mtime_ns: int, ctime_ns: int, inode: int) -> str:
    identity = os.path.abspath(path), size, mtime_ns, ctime_ns, inode
    memory = _memory
    if memory is not None and (known := memory.get(identity)) is not None:
        return known
    state = hashlib.blake2b(digest_size=DIGEST_BYTES)
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    if memory is not None:
        memory.put(identity, state.hexdigest())
    return state.hexdigest()


_memory: DigestMemory | None = None


def remember_digests(file: Path) -> None:
    """From now on keep the hashes of large files there, and take them from there."""
    global _memory
    if _memory is None or _memory.path != file:
        _memory = DigestMemory(file)


def file_fingerprint(path: Path) -> str | None:
    """Content hash of a file, or of a folder's files with their relative names.

    A file's hash is remembered while its size, times and inode stay the same; that of a
    large one beyond this process, where there is a disk cache.
    None when it can't be read.
    """
    try:
        stat = os.stat(path)
        if not S_ISDIR(stat.st_mode):
            return _digest_of(str(path), stat)
        state = hashlib.blake2b(b"folder", digest_size=DIGEST_BYTES)
        for parts, member in sorted(_members(path), key=itemgetter(0)):
            inner = "folder" if member.is_dir() else _digest_of(member.path, member.stat())
            name = "/".join(parts).encode("utf-8", "surrogatepass")
            state.update(b"%d:" % len(name) + name + inner.encode())
        return state.hexdigest()
    except OSError:
        return None


def _digest_of(path: str, stat: os.stat_result) -> str:
    return _file_digest(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def _members(folder: Path) -> Iterator[tuple[tuple[str, ...], os.DirEntry[str]]]:
    """Everything below a folder by its relative name; links to folders are not followed.
    Models are folders of many files, and looked at in every run: pathlib takes five times
    as long."""
    pending: list[tuple[str, tuple[str, ...]]] = [(str(folder), ())]
    while pending:
        path, parts = pending.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                name = (*parts, entry.name)
                yield name, entry
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, name))
