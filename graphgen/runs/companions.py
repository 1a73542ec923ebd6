"""Runs that are begun beside one that goes on, because nodes of theirs can be joined with
its nodes: dynamic batching needs them to go on at the same time."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from ..engine import Engine
from ..environment import ModelName
from ..problems import GraphgenError
from ..registry import Registry
from ..workflow import Workflow
from .line import Entry
from .state import State
from .store import RunStore
from .worker import Worker, begin_next, withdraw

_KNOWN = 4096


class Kind(NamedTuple):
    """What runs of a document have in common with others that they can be joined with.

    Attributes:
        shape: Its node types, and the models that they name.
        models: Names of the document's inputs that name models.
    """

    shape: Hashable
    models: tuple[str, ...]


def kind_of(workflow: Workflow, registry: Registry) -> Kind | None:
    """None for a document without nodes that can be joined."""
    joins = False
    shape: Counter[Hashable] = Counter()
    for document in (workflow, *workflow.workflows.values()):
        for node in document.nodes.values():
            spec = registry.nodes.get(node.type)
            if spec is None:
                continue
            joins = joins or spec.batch is not None
            named = [n for n, port in spec.inputs.items() if isinstance(port.marker, ModelName)]
            shape[(node.type, tuple(repr(node.inputs.get(name)) for name in named))] += 1
    if not joins:
        return None
    models = {
        name
        for name, targets in workflow.inputs.items()
        for target in ([targets] if isinstance(targets, str) else targets)
        if _names_a_model(workflow, target, registry)
    }
    return Kind(frozenset(shape.items()), tuple(sorted(models)))


def _names_a_model(workflow: Workflow, target: str, registry: Registry) -> bool:
    id, _, port = target.rpartition(".")
    spec = registry.nodes.get(workflow.nodes[id].type) if id in workflow.nodes else None
    found = None if spec is None else spec.inputs.get(port)
    return found is not None and isinstance(found.marker, ModelName)


class Companions:
    """Begins them, as far as the limit of a batch goes."""

    def __init__(self, engine: Engine, store: RunStore, state: State) -> None:
        self._engine = engine
        self._store = store
        self._state = state
        self._kinds: OrderedDict[bytes, Kind | None] = OrderedDict()
        self._threads: list[Worker] = []

    def invite(self) -> None:
        """Begin what is next in the line, as long as it can be joined with what goes on. The
        order of the line is kept: who can't be joined is not overtaken."""
        state, most = self._state, self._engine.max_batch
        if most < 2 or not state.line:
            return
        while True:
            with state.lock:
                entry = state.line.first if state.flows and state.running else None
                joins = None if entry is None else self._joins(entry)
                if joins is None:
                    return
                alike = sum(self._joins(run.entry) == joins for run in state.running.values())
                if not 0 < alike < most:
                    return
                run = begin_next(state)
                assert run is not None
                try:
                    self._store.start(run.entry)
                except GraphgenError:
                    withdraw(state, run)  # a worker will see what is the matter
                    return
                name = f"graphgen-run-beside-{run.entry.seq}"
                companion = Worker(self._engine, self._store, state, name, run)
                self._threads = [one for one in self._threads if not one.over]
                self._threads.append(companion)
            companion.start()

    @property
    def threads(self) -> list[Worker]:
        """Those that may still go on."""
        with self._state.lock:
            return list(self._threads)

    def _joins(self, entry: Entry) -> Hashable | None:
        """Equal for runs that can be joined; None for one that can't."""
        known = self._kinds
        if entry.document not in known:
            document = self._store.workflow(entry.document)
            known[entry.document] = kind_of(document, self._engine.registry)
            if len(known) > _KNOWN:
                known.popitem(last=False)
        kind = known[entry.document]
        if kind is None:
            return None
        return kind.shape, tuple(repr(entry.record.inputs.get(name)) for name in kind.models)
