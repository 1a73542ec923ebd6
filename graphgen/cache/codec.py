"""Values to bytes and back: tensors as safetensors, everything else as JSON beside them.

Only classes that a pack registered as port types (or as parts of one) can come back, so a
file on disk can't name a class to import. Nothing is ever pickled.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, BinaryIO

from ..models.reference import ModelRef, Patch
from ..types import Types
from .values import is_tensor

VERSION = 1
_LONGEST_HEAD = 100 << 20
_Load = Callable[[bytes, dict[str, Any]], dict[str, Any]]
_Make = Callable[[type, dict[str, Any]], Any]


class NotStorable(TypeError):
    """The value holds something that has no safe form on disk."""


class Corrupt(ValueError):
    """The bytes are not what was written."""


class Codec:
    """Encodes the values of the port types that an engine knows."""

    def __init__(self, types: Types) -> None:
        self._types = types

    def encode(self, value: Any, notes: Mapping[str, str] | None = None) -> bytes:
        """A safetensors file whose metadata holds the structure and a digest of it all.

        Args:
            notes: More metadata, about the value.

        Raises:
            NotStorable: It holds an object of a class that is no registered port type.
        """
        try:
            return self._encode(value, notes or {})
        except NotStorable:
            raise
        except Exception as error:  # too deep, half a character, a dtype without a name
            raise NotStorable(f"{type(error).__name__}: {error}") from None

    def _encode(self, value: Any, notes: Mapping[str, str]) -> bytes:
        tree, arrays, libraries = self._take_apart(value)
        metadata = {**notes, "graphgen": tree, "digest": _digest(tree, arrays, libraries)}
        if any(hasattr(array, "cpu") for array in arrays.values()):
            import torch
            from safetensors.torch import save

            return save(
                {n: a if hasattr(a, "cpu") else torch.from_numpy(a) for n, a in arrays.items()},
                metadata,
            )
        from safetensors.numpy import save as save_numpy

        return save_numpy(arrays, metadata)

    def decode(self, data: bytes) -> Any:
        """The value that ``encode`` was given.

        Raises:
            Corrupt: The bytes are truncated, changed, or of another version.
        """
        return self._decode(data, _load, lambda cls, fields: cls(**fields))

    def decode_light(self, data: bytes) -> Any:
        """The same without torch: tensors are NumPy arrays, and no object checks itself.

        Raises:
            NotStorable: It holds an object that can't be saved from arrays.
            Corrupt: The bytes can't be read, or NumPy has no such dtype.
        """

        def bare(cls: type, fields: dict[str, Any]) -> Any:
            spec = self._types.by_class.get(cls)
            if spec is None or not spec.saves_arrays:
                raise NotStorable(f"{cls.__qualname__} is not saved from arrays")
            made: Any = object.__new__(cls)
            for name, value in fields.items():
                object.__setattr__(made, name, value)
            return made

        return self._decode(data, _load_arrays, bare)

    def _decode(self, data: bytes, load: _Load, make: _Make) -> Any:
        try:
            length = int.from_bytes(data[:8], "little")
            metadata = json.loads(data[8 : 8 + length])["__metadata__"]
            text, expected = metadata["graphgen"], metadata["digest"]
            tree = json.loads(text)
            arrays = load(data, tree)
            if tree["version"] != VERSION or _digest(text, arrays, tree["arrays"]) != expected:
                raise Corrupt("the content does not match its digest")
            return self._put_together(tree["value"], arrays, make)
        except (Corrupt, NotStorable, MemoryError):  # the last says nothing of the bytes
            raise
        except Exception as error:
            raise Corrupt(f"not a cache entry: {type(error).__name__}: {error}") from None

    def fingerprint(self, value: Any) -> str | None:
        """Content hash of a value, or None if it has no form on disk."""
        try:
            return _digest(*self._take_apart(value))
        except Exception:
            return None

    def _take_apart(self, value: Any) -> tuple[str, dict[str, Any], dict[str, str]]:
        arrays: dict[str, Any] = {}
        tree = {"version": VERSION, "value": self._tree(value, arrays)}
        libraries = {n: "torch" if hasattr(a, "cpu") else "numpy" for n, a in arrays.items()}
        text = json.dumps({**tree, "arrays": libraries}, ensure_ascii=False)
        return text, arrays, libraries

    def _tree(self, item: Any, arrays: dict[str, Any]) -> Any:
        """The structure of a value in JSON; its tensors are put into ``arrays``."""
        # No function inside of the other: it would refer to itself, and so hold the arrays.
        if item is None or isinstance(item, (bool, int, float, str)):
            if isinstance(item, enum.Enum):
                raise NotStorable(f"{type(item).__qualname__} is no port type")
            return item
        if isinstance(item, bytes):
            return {"$": "bytes", "v": base64.b64encode(item).decode()}
        if is_tensor(item):
            name = str(len(arrays))
            torch_like = hasattr(item, "cpu")
            if not torch_like and not item.dtype.isnative:
                raise NotStorable(f"an array of dtype {item.dtype} has no form on disk")
            arrays[name] = item.detach().cpu().contiguous() if torch_like else item.copy("C")
            return {"$": "torch" if torch_like else "numpy", "v": name}
        if isinstance(item, (list, tuple)):
            if hasattr(item, "_fields"):
                raise NotStorable(f"{type(item).__qualname__} is no port type")
            kind = "list" if isinstance(item, list) else "tuple"
            return {"$": kind, "v": [self._tree(inner, arrays) for inner in item]}
        if isinstance(item, dict):
            return {
                "$": "dict",
                "v": [[self._tree(k, arrays), self._tree(v, arrays)] for k, v in item.items()],
            }
        if type(item) in (self._classes().values()):
            fields = dataclasses.fields(item)
            return {
                "$": "object",
                "type": type(item).__qualname__,
                "v": {f.name: self._tree(getattr(item, f.name), arrays) for f in fields if f.init},
            }
        raise NotStorable(f"{type(item).__qualname__} is no port type")

    def _put_together(self, tree: Any, arrays: dict[str, Any], make: _Make) -> Any:
        if not isinstance(tree, dict):
            return tree
        again = partial(self._put_together, arrays=arrays, make=make)
        kind, inner = tree["$"], tree["v"]
        if kind == "bytes":
            return base64.b64decode(inner)
        if kind in ("torch", "numpy"):
            return arrays[inner]
        if kind == "list":
            return [again(item) for item in inner]
        if kind == "tuple":
            return tuple(again(item) for item in inner)
        if kind == "dict":
            return {again(k): again(v) for k, v in inner}
        if kind != "object":
            raise Corrupt(f"unknown kind {kind!r}")
        cls = self._classes().get(tree["type"])
        if cls is None:
            raise Corrupt(f"no pack brings the type {tree['type']!r}")
        return make(cls, {name: again(item) for name, item in inner.items()})

    def _classes(self) -> dict[str, type]:
        classes: dict[str, type] = {"ModelRef": ModelRef, "Patch": Patch}
        for spec in self._types.by_class.values():
            if spec.stored:
                for cls in (spec.cls, *spec.parts):
                    classes[cls.__qualname__] = cls
        return classes


def metadata_of(stream: BinaryIO) -> dict[str, str]:
    """What stands at the beginning of a file beside the arrays; empty if it is damaged."""
    try:
        length = int.from_bytes(stream.read(8), "little")
        head = json.loads(stream.read(min(length, _LONGEST_HEAD)))
        return dict(head["__metadata__"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}


def _load(data: bytes, tree: dict[str, Any]) -> dict[str, Any]:
    libraries = tree["arrays"]
    if "torch" in libraries.values():
        from safetensors.torch import load

        loaded = load(data)
        return {
            n: loaded[n] if lib == "torch" else loaded[n].numpy() for n, lib in libraries.items()
        }
    return _load_arrays(data, tree)


def _load_arrays(data: bytes, tree: dict[str, Any]) -> dict[str, Any]:
    from safetensors.numpy import load as load_numpy

    loaded = load_numpy(data)
    return {name: loaded[name] for name in tree["arrays"]}


def _digest(tree: str, arrays: dict[str, Any], libraries: dict[str, str]) -> str:
    """Of structure and content; ``libraries`` says whose each array was when it was written."""
    state = hashlib.blake2b(tree.encode("utf-8", "surrogatepass"), digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        dtype = str(array.dtype).removeprefix("torch.")
        if libraries[name] == "torch":
            dtype = f"torch.{dtype}"
        state.update(f"{name}:{dtype}:{list(array.shape)}".encode())
        if hasattr(array, "cpu"):
            # Bytes of any dtype, bfloat16 too, which NumPy does not know.
            array = array.reshape(-1).view(_torch_uint8()).numpy() if array.numel() else b""
        state.update(array)
    return state.hexdigest()


def _torch_uint8() -> Any:
    import torch

    return torch.uint8
