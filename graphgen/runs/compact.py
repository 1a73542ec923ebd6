"""Plain data as JSON text for the database: short, and in ASCII, which holds any text."""

from __future__ import annotations

import json

to_text = json.JSONEncoder(separators=(",", ":")).encode
