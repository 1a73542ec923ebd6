"""The executor: takes a plan through to its targets and says what happens. It knows
neither server nor screen.

One thread per run keeps the books: what is wanted, what waits for what, what may be let
go. Work is demanded from the targets backwards, so that nothing above a cached value is
even looked at. Quick nodes run in that same thread; the others are sent to their lane and
come back as messages on a queue.
"""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any

from ..cache import Cache
from ..cache.store import PENDING, Values
from ..node import SKIP, Fragment, Lazy
from ..problems import Cancelled, NodeError, Problem
from . import events as ev
from .context import CancelToken, Context
from .expand import Expansion, map_items, unfold
from .failure import is_out_of_memory, problems_of, release_memory
from .lanes import Lanes
from .plan import Planner
from .result import NodeResults, NodeStatus, RunResult, RunStatus
from .step import Link, Plan, Source, Step

_IDLE, _WANTED, _DONE = 0, 1, 2


class _Failed:
    """The value of every output of a node that failed, and of those that needed it."""

    def __repr__(self) -> str:
        return "FAILED"


_FAILED: Any = _Failed()


class _Unavailable(Exception):
    """An input that a node needs was skipped, or could not be made."""

    def __init__(self, mark: Any) -> None:
        self.mark = mark


class _LazyWait:
    """A node that awaits one of its lazy inputs."""

    __slots__ = ("deliver", "link", "remaining", "step")

    def __init__(self, step: int, link: Link, deliver: Callable[[Any], None]) -> None:
        self.step = step
        self.link = link
        self.deliver = deliver
        self.remaining = 0


class Run:
    """One run of one plan.

    Args:
        device: Names the device whose lane device nodes run on.
        make_context: Gives a node its context, by node id and a progress callback.
        on_memory: Called when a node ran out of memory, to free what can be freed.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        run_id: str,
        planner: Planner,
        cache: Cache,
        lanes: Lanes,
        device: Callable[[], str],
        make_context: Callable[[str, Callable[..., None] | None], Context],
        listeners: Sequence[ev.Listener] = (),
        token: CancelToken | None = None,
        on_memory: Callable[[], None] = lambda: None,
    ) -> None:
        self.run_id = run_id
        self._plan = plan
        self._planner = planner
        self._cache = cache
        self._lanes = lanes
        self._device = device
        self._make_context = make_context
        self._listeners = list(listeners)
        self._token = token or CancelToken()
        self._on_memory = on_memory
        self._steps = list(plan.steps)
        count = len(self._steps)
        self._state = bytearray(count)
        self._status: list[NodeStatus] = ["skipped"] * count
        self._seconds = [0.0] * count
        self._values: list[Values | None] = [None] * count
        self._waiting = [0] * count
        self._uses = [0] * count
        self._consumers: list[list[int | _LazyWait] | None] = [None] * count
        self._ready: deque[int] = deque()
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._inflight = 0
        self._expansions: dict[int, Expansion] = {}
        self._claimed: set[int] = set()
        self._problems: list[Problem] = []

    def execute(self) -> RunResult:
        """Run to the end; what fails is in the result, and other branches finish."""
        began = time.perf_counter()
        self._token.on_cancel(lambda: self._queue.put(lambda: None))
        if self._listeners:
            self._emit(ev.RunStarted(self.run_id, time.time(), len(self._steps)))
        keep = [*self._plan.targets, *(source.step for source in self._plan.outputs.values())]
        for at in keep:
            self._uses[at] += 1
        interrupted: KeyboardInterrupt | None = None
        try:
            self._demand(keep)
        except KeyboardInterrupt as error:
            interrupted = error
            self._token.cancel()
        while True:
            try:
                self._advance()
                break
            except KeyboardInterrupt as error:
                interrupted = error
                self._token.cancel()
        self._give_back_claims()
        result = self._result(time.perf_counter() - began)
        if self._listeners:
            self._emit(ev.RunFinished(self.run_id, time.time(), result.status, result.seconds))
        if interrupted is not None:
            raise interrupted
        return result

    def _advance(self) -> None:
        ready, queue, token = self._ready, self._queue, self._token
        while True:
            while ready:
                if token.cancelled:
                    ready.clear()
                    break
                self._start(ready.popleft())
                if self._inflight and not queue.empty():
                    queue.get()()
            if not self._inflight:
                return
            queue.get()()

    # Demand: from the targets backwards

    def _demand(self, roots: Sequence[int]) -> None:
        steps, state, cache = self._steps, self._state, self._cache
        consumers, uses = self._consumers, self._uses
        stack = list(roots)
        while stack:
            at = stack.pop()
            if state[at] == _DONE and self._values[at] is None:
                state[at] = _IDLE  # let go already, and now a lazy input wants it
            if state[at] != _IDLE:
                continue
            state[at] = _WANTED
            step = steps[at]
            if step.key is not None:
                values = cache.get(step.key)
                if values is not None:
                    self._found(at, values)
                    continue
            waiting = 0
            for link in step.links:
                for source in link.sources:
                    needed = source[0]
                    uses[needed] += 1
                    if link.lazy:
                        continue
                    if state[needed] == _DONE and self._values[needed] is not None:
                        continue
                    waiting += 1
                    listed = consumers[needed]
                    if listed is None:
                        consumers[needed] = [at]
                    else:
                        listed.append(at)
                    if state[needed] != _WANTED:
                        stack.append(needed)
            self._waiting[at] = waiting
            if not waiting:
                self._ready.append(at)

    def _found(self, at: int, values: Values) -> None:
        self._status[at] = "cached"
        if self._listeners:
            self._emit(ev.NodeCached(*self._event(at)))
        self._complete(at, values)

    # Start

    def _start(self, at: int) -> None:
        step = self._steps[at]
        if at in self._expansions:
            self._finish_expansion(at)
            return
        if step.key is not None and at not in self._claimed:
            found = self._cache.claim(step.key, partial(self._landed, at))
            if found is PENDING:
                self._inflight += 1
                return
            if found is not None:
                self._let_go(step)
                self._found(at, found)  # type: ignore[arg-type]
                return
            self._claimed.add(at)
        try:
            arguments = self._arguments(at, step)
            if step.mapped:
                self._expand(at, map_items(self._planner, step, arguments, self._steps))
                return
        except _Unavailable as error:
            self._skip(at, error.mark)
            return
        except Exception as error:
            self._fail(at, error, {})
            return
        self._call(at, step, arguments)

    def _landed(self, at: int, values: Values | None) -> None:
        """Called by whichever run computed, or gave up, the value this step waits for."""

        def receive() -> None:
            self._inflight -= 1
            if values is None:
                self._ready.append(at)
            else:
                self._let_go(self._steps[at])
                self._found(at, values)

        self._queue.put(receive)

    def _arguments(self, at: int, step: Step) -> dict[str, Any]:
        values = self._values
        arguments = step.literals.copy()
        if step.spec.has_lazy:
            for name, port in step.spec.inputs.items():
                if port.lazy and arguments.get(name) is not None:
                    arguments[name] = Lazy(partial(_ready_made, arguments[name]))
        for link in step.links:
            if link.lazy:
                arguments[link.port] = Lazy(partial(self._resolve_lazy, at, link))
            elif len(link.sources) == 1 and not link.gather:
                source, output, convert = link.sources[0]
                value = values[source][output]  # type: ignore[index]
                if value is SKIP or value is _FAILED:
                    raise _Unavailable(value)
                if convert is not None:
                    deep = link.per_item or isinstance(value, list)
                    value = [convert(item) for item in value] if deep else convert(value)
                if link.check is not None and not link.per_item:
                    value = _checked(link, value)
                arguments[link.port] = value
            else:
                arguments[link.port] = self._gathered(link)
        return arguments

    def _gathered(self, link: Link) -> Any:
        gathered: Any = []
        for source, output, convert in link.sources:
            value = self._values[source][output]  # type: ignore[index]
            if value is _FAILED:
                raise _Unavailable(value)
            if value is SKIP:
                if link.keys:
                    raise _Unavailable(value)
                if link.per_item:
                    gathered.append(value)
                continue
            gathered.append(value if convert is None else convert(value))
        if link.keys:
            gathered = dict(zip(link.keys, gathered, strict=True))
        return gathered if link.per_item or link.check is None else _checked(link, gathered)

    def _call(self, at: int, step: Step, arguments: dict[str, Any]) -> None:
        spec = step.spec
        if self._listeners:
            self._emit(ev.NodeStarted(*self._event(at)))
        if spec.takes_context:
            report = partial(self._progress, at) if self._listeners else None
            arguments = {**arguments, "ctx": self._make_context(step.id, report)}
        if spec.is_async:
            self._inflight += 1
            future = self._lanes.start(spec.function(**arguments))
            self._token.on_cancel(future.cancel)  # type: ignore[arg-type]
            began = time.perf_counter()
            future.add_done_callback(partial(self._async_done, at, began, arguments))
            return
        if self._lanes.inline(spec):
            self._returned(at, *_invoke(spec.function, arguments), arguments)
            return
        self._inflight += 1

        def work() -> None:
            outcome = (None, Cancelled(), 0.0) if self._token.cancelled else None
            value, error, seconds = outcome or _invoke(spec.function, arguments)
            self._queue.put(partial(self._arrived, at, value, error, seconds, arguments))

        self._lanes.submit(spec, self._device() if spec.device else "", work)

    def _async_done(self, at: int, began: float, arguments: dict[str, Any], future: Any) -> None:
        seconds = time.perf_counter() - began
        error = Cancelled() if future.cancelled() else future.exception()
        value = None if error is not None else future.result()
        self._queue.put(partial(self._arrived, at, value, error, seconds, arguments))

    def _arrived(self, at: int, *outcome: Any) -> None:
        self._inflight -= 1
        self._returned(at, *outcome)

    # Finish

    def _returned(
        self,
        at: int,
        value: Any,
        error: BaseException | None,
        seconds: float,
        arguments: dict[str, Any],
    ) -> None:
        step = self._steps[at]
        spec = step.spec
        self._seconds[at] = seconds
        if error is not None:
            if isinstance(error, Cancelled):
                self._give_back(at)
            elif isinstance(error, _Unavailable):
                self._skip(at, error.mark)
            else:
                arguments.pop("ctx", None)
                self._fail(at, error, arguments)
            return
        seen = self._lanes.seconds
        seen[spec] = max(seconds, 0.5 * seen.get(spec, 0.0))
        try:
            if isinstance(value, Fragment):
                self._expand(at, unfold(self._planner, step, value, len(self._steps)))
                return
            values = _outputs(step, value)
        except Exception as problem:
            self._fail(at, problem, arguments)
            return
        self._executed(at, values)

    def _executed(self, at: int, values: Values, cacheable: bool = True) -> None:
        step = self._steps[at]
        seconds = self._seconds[at]
        self._status[at] = "executed"
        if at in self._claimed:
            self._claimed.discard(at)
            if cacheable and SKIP not in values:
                self._cache.settle(step.key, values, seconds)  # type: ignore[arg-type]
            else:
                self._cache.abandon(step.key)  # type: ignore[arg-type]
        if self._listeners:
            self._emit(ev.NodeFinished(*self._event(at), seconds))
        self._let_go(step)
        self._complete(at, values)

    def _complete(self, at: int, values: Values) -> None:
        """Hand the outputs to whoever waits for them."""
        self._state[at] = _DONE
        if self._uses[at]:
            self._values[at] = values
        waiting, ready = self._waiting, self._ready
        consumers = self._consumers[at]
        if consumers is None:
            return
        self._consumers[at] = None
        for consumer in consumers:
            if type(consumer) is int:
                waiting[consumer] -= 1
                if not waiting[consumer]:
                    ready.append(consumer)
            else:
                self._lazy_arrived(consumer)  # type: ignore[arg-type]

    def _let_go(self, step: Step) -> None:
        """The step needs its sources no more; values that nobody needs are released."""
        uses, values = self._uses, self._values
        for link in step.links:
            for source in link.sources:
                needed = source[0]
                uses[needed] -= 1
                if not uses[needed]:
                    values[needed] = None

    def _skip(self, at: int, mark: Any) -> None:
        step = self._steps[at]
        self._give_back(at)
        if self._listeners:
            self._emit(ev.NodeSkipped(*self._event(at)))
        self._let_go(step)
        self._complete(at, (mark,) * len(step.spec.outputs))

    def _fail(self, at: int, error: BaseException, arguments: dict[str, Any]) -> None:
        step = self._steps[at]
        problems = problems_of(error, step.id, step.spec, arguments)
        if is_out_of_memory(error):
            error.__traceback__ = None  # its frames hold the tensors that did not fit
            arguments.clear()
            self._on_memory()
            release_memory()
        self._problems.extend(problems)
        self._status[at] = "failed"
        self._give_back(at)
        if self._listeners:
            text = "".join(traceback.format_exception(error))
            for problem in problems:
                self._emit(ev.NodeFailed(*self._event(at), problem, text))
        self._let_go(step)
        self._complete(at, (_FAILED,) * len(step.spec.outputs))

    # Expansion: a list mapping or a fragment takes the place of a step

    def _expand(self, at: int, expansion: Expansion) -> None:
        offset, count = len(self._steps), len(expansion.steps)
        self._steps.extend(expansion.steps)
        self._state.extend(bytes(count))
        self._status.extend(["skipped"] * count)
        self._seconds.extend([0.0] * count)
        self._values.extend([None] * count)
        self._waiting.extend([0] * count)
        self._uses.extend([0] * count)
        self._consumers.extend([None] * count)
        self._expansions[at] = expansion
        wanted = [source.step for source in _sources(expansion)]
        # What writes something is run for its own sake.
        wanted.extend(
            offset + i for i, new in enumerate(expansion.steps) if not new.spec.outputs
        )
        for needed in wanted:
            self._uses[needed] += 1
            listed = self._consumers[needed]
            if listed is None:
                self._consumers[needed] = [at]
            else:
                listed.append(at)
        self._waiting[at] = len(wanted)
        if wanted:
            self._demand(wanted)
        else:
            self._ready.append(at)

    def _finish_expansion(self, at: int) -> None:
        expansion = self._expansions.pop(at)
        outputs: list[Any] = []
        failed = False
        for given in expansion.outputs:
            if isinstance(given, Source):
                outputs.append(self._values[given.step][given.output])  # type: ignore[index]
                failed = failed or outputs[-1] is _FAILED
            elif isinstance(given, list) and given and isinstance(given[0], Source):
                items = [self._values[s.step][s.output] for s in given]  # type: ignore[index]
                failed = failed or _FAILED in items
                outputs.append([item for item in items if item is not SKIP])
            else:
                outputs.append(given)
        for source in _sources(expansion):
            self._uses[source.step] -= 1
            if not self._uses[source.step]:
                self._values[source.step] = None
        if failed:
            self._skip(at, _FAILED)
        else:
            self._executed(at, tuple(outputs), expansion.cacheable)

    # Lazy inputs

    async def _resolve_lazy(self, at: int, link: Link) -> Any:
        """Awaited by the node, on the engine's event loop."""
        loop = self._lanes.loop
        future = loop.create_future()

        def deliver(value: Any) -> None:
            def settle() -> None:
                if not future.done():
                    if isinstance(value, BaseException):
                        future.set_exception(value)
                    else:
                        future.set_result(value)

            loop.call_soon_threadsafe(settle)

        self._queue.put(partial(self._want_lazy, _LazyWait(at, link, deliver)))
        return await future

    def _want_lazy(self, wait: _LazyWait) -> None:
        missing = []
        for source in wait.link.sources:
            if self._state[source.step] == _DONE and self._values[source.step] is not None:
                continue
            missing.append(source.step)
            consumers = self._consumers[source.step]
            if consumers is None:
                self._consumers[source.step] = [wait]
            else:
                consumers.append(wait)
        wait.remaining = len(missing)
        if missing:
            self._demand(missing)
        else:
            wait.remaining = 1
            self._lazy_arrived(wait)

    def _lazy_arrived(self, wait: _LazyWait) -> None:
        wait.remaining -= 1
        if wait.remaining:
            return
        eager = wait.link._replace(lazy=False)
        probe = Step("", self._steps[wait.step].spec, {}, (eager,), None)
        try:
            wait.deliver(self._arguments(wait.step, probe)[eager.port])
        except Exception as error:
            wait.deliver(error)

    # Bookkeeping

    def _give_back(self, at: int) -> None:
        if at in self._claimed:
            self._claimed.discard(at)
            self._cache.abandon(self._steps[at].key)  # type: ignore[arg-type]

    def _give_back_claims(self) -> None:
        for at in list(self._claimed):
            self._give_back(at)

    def _progress(self, at: int, step: int, total: int, preview: bytes | None) -> None:
        self._emit(ev.NodeProgress(*self._event(at), step, total, preview))

    def _event(self, at: int) -> tuple[str, float, str, str]:
        step = self._steps[at]
        return self.run_id, time.time(), step.id, step.spec.id

    def _emit(self, event: ev.Event) -> None:
        for listener in self._listeners:
            listener(event)

    def _result(self, seconds: float) -> RunResult:
        status: RunStatus = "failed" if self._problems else "succeeded"
        if self._token.cancelled:
            status = "cancelled"
        outputs = {
            name: values[source.output]
            for name, source in self._plan.outputs.items()
            if (values := self._values[source.step]) is not None
            and values[source.output] is not SKIP
            and values[source.output] is not _FAILED
        }
        targets = {}
        for at in self._plan.targets:
            values = self._values[at]
            if values is not None:
                names = self._steps[at].spec.outputs
                targets[at] = {
                    name: value
                    for name, value in zip(names, values, strict=True)
                    if value is not SKIP and value is not _FAILED
                }
        nodes = NodeResults(self._steps, self._status, self._seconds, self._state, targets)
        return RunResult(self.run_id, status, outputs, nodes, self._problems, seconds)


async def _ready_made(value: Any) -> Any:
    return value


def _invoke(
    function: Callable[..., Any], arguments: dict[str, Any]
) -> tuple[Any, BaseException | None, float]:
    began = time.perf_counter()
    try:
        value = function(**arguments)
    except (Exception, Cancelled) as error:
        return None, error, time.perf_counter() - began
    return value, None, time.perf_counter() - began


def _outputs(step: Step, value: Any) -> Values:
    """What a node returned, as one value per output, checked against its declaration."""
    ports = step.spec.outputs
    values: Values
    if step.spec.several_outputs:
        if not isinstance(value, tuple) or len(value) != len(ports):
            raise NodeError(
                f"{step.spec.id} declares the outputs {', '.join(ports)} but returned "
                f"{type(value).__name__}",
                code="wrong_output",
            )
        values = value if type(value) is tuple else tuple(value)
    elif not ports:
        return ()
    else:
        values = (value,)
    for port, item in zip(ports.values(), values, strict=True):
        if port.cls is not None and not isinstance(item, port.cls) and item is not SKIP:
            raise NodeError(
                f"{step.spec.id} declares {port.type} for {port.name!r} but returned "
                f"{type(item).__name__}",
                code="wrong_output",
                hint="this is a mistake in the node's code",
            )
    return values


def _checked(link: Link, value: Any) -> Any:
    assert link.check is not None
    try:
        return link.check(value)
    except ValueError as error:
        raise NodeError(str(error), port=link.port, code="value_not_allowed") from None


def _sources(expansion: Expansion) -> list[Source]:
    found: list[Source] = []
    for given in expansion.outputs:
        if isinstance(given, Source):
            found.append(given)
        elif isinstance(given, list):
            found.extend(item for item in given if isinstance(item, Source))
    return found
