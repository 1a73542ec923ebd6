"""The engine: plans, keys, the executor, and the facade that users call."""

from .engine import Engine
from .result import NodeResult, RunResult

__all__ = ["Engine", "NodeResult", "RunResult"]
