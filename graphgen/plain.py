"""Plain data: what JSON holds."""

from __future__ import annotations

import json
import math
from typing import Any

MARSHAL_VERSION = 2
"""The last whose bytes do not depend on who else refers to an object."""
_SCALARS = (bool, int, float, str, type(None))


def is_plain(value: Any) -> bool:
    """Whether a value is made only of numbers, texts, booleans, None, lists and dicts."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, (list, tuple)):
            pending.extend(item)
        elif isinstance(item, dict):
            if not all(isinstance(key, _SCALARS) for key in item):
                return False
            pending.extend(item.values())
        elif not isinstance(item, _SCALARS):
            return False
    return True


def to_json(value: Any) -> Any:
    """Plain data as JSON can hold it: NaN and infinities, which it has not, become text, and
    keys what JSON makes of them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {_key(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)
