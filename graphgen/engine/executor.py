"""The executor: takes a plan through to its targets and says what happens. It knows
neither server nor screen.

One thread per run keeps the books. Work is demanded from the targets backwards (``demand``).
Quick nodes run in that same thread; the others are sent to their lane and come back as
messages on a queue.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any

from ..cache import Cache
from ..cache.store import PENDING, Values
from ..economy import AMPLE, Economy
from ..inbox import next_of
from ..node import SKIP, Fragment
from ..problems import Cancelled, Problem
from .announce import Announcer
from .arguments import arguments_of
from .arrive import FAILED, Unavailable, returned
from .at_rest import found_at_rest
from .calls import Call
from .claims import Claims
from .context import CancelToken, Context
from .demand import demand
from .events import Listener
from .expand import Expansion, map_items, sources_of, unfold
from .failure import is_out_of_memory, problems_of
from .lanes import INLINE_SECONDS, Lanes
from .lazy import LazyWait
from .ledger import DONE, Ledger
from .made import what_came_of
from .plan import Planner
from .rescue import Rescue
from .result import RunResult, RunStatus
from .step import Link, Plan, Step


class Run:
    """One run of one plan.

    Args:
        device: Names the device whose lane device nodes run on.
        make_context: Gives a node its context, by node id and a progress callback.
        make_room: Frees what is idle on a device, and returns its bytes.
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
        listeners: Sequence[Listener] = (),
        token: CancelToken | None = None,
        make_room: Callable[[str], int] = lambda device: 0,
    ) -> None:
        self.run_id = run_id
        self._plan = plan
        self._wanted = [*plan.targets, *(source.step for source in plan.outputs.values())]
        self._planner = planner
        self._cache = cache
        self._lanes = lanes
        self._device = device
        self._make_context = make_context
        self._token = token or CancelToken()
        self._ledger = Ledger(plan.steps)
        self._claims = Claims(cache, self._ledger)
        self._told = Announcer(run_id, self._ledger, listeners) if listeners else None
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running = 0
        self._rescue = Rescue(
            lanes, make_room, self._ledger.retries, self._send, self._queue.put, self._retried
        )
        self._pending: set[int] = set()
        self._expansions: dict[int, Expansion] = {}
        self._problems: list[Problem] = []

    def execute(self, light: bool = False) -> RunResult:
        """Run to the end; what fails is in the result, and other branches finish. If
        ``light``, outputs that all lie on disk come as NumPy arrays."""
        began = time.perf_counter()
        forget = self._token.on_cancel(lambda: self._queue.put(lambda: None))
        interrupted: BaseException | None = None
        try:
            if self._told:
                self._told.run_started(len(self._ledger.steps))
            for at in self._wanted:
                self._ledger.uses[at] += 1
            at_rest = found_at_rest(self._ledger, self._cache, self._wanted) if light else None
            if at_rest is None:
                self._demand(self._wanted)
            for at, values in (at_rest or {}).items():
                self._found(at, values)
            while True:
                try:
                    self._advance()
                    break
                except KeyboardInterrupt as error:
                    interrupted = error
                    self._token.cancel()
        finally:
            forget()
            self._claims.give_all_back()
            self._rescue.close()
        result = self._result(time.perf_counter() - began)
        if self._told:
            self._told.run_finished(result.status, result.seconds)
        if interrupted is not None:
            raise interrupted
        return result

    def _advance(self) -> None:
        ready, queue, token = self._ledger.ready, self._queue, self._token
        while True:
            while ready:
                if token.cancelled:
                    ready.clear()
                    break
                self._start(ready.popleft())
                if not queue.empty():
                    queue.get()()
            idle = not self._pending and not self._rescue.resting
            if not self._running and (token.cancelled or idle):
                return
            next_of(queue)()

    def _demand(self, roots: Sequence[int]) -> None:
        demand(self._ledger, roots, self._cache.get, self._found)

    def _found(self, at: int, values: Values) -> None:
        self._ledger.status[at] = "cached"
        if self._told:
            self._told.cached(at)
        self._ledger.done(at, values)

    # Start

    def _start(self, at: int) -> None:
        step = self._ledger.steps[at]
        if at in self._expansions:
            self._finish_expansion(at)
            return
        claims = self._claims
        if claims.tainted:
            step = claims.passed_on(at, step)
        if step.set_aside:
            self._skip(at, SKIP)
            return
        if step.key is not None:
            found = self._cache.claim(step.key, self._landed, at)
            if found is PENDING:
                self._pending.add(at)
                return
            if found is not None:
                self._ledger.let_go(step)
                self._found(at, found)  # type: ignore[arg-type]
                return
            claims.held.add(at)
        try:
            arguments = arguments_of(at, step, self._ledger, self._resolve_lazy)
            if step.mapped:
                if self._told:
                    self._told.started(at)
                self._expand(at, map_items(self._planner, step, arguments, self._ledger.steps))
                return
        except Unavailable as error:
            self._skip(at, error.mark)
            return
        except Exception as error:
            self._fail(at, error, {})
            return
        self._call(at, step, arguments)

    def _landed(self, at: int, values: Values | None) -> None:
        """Called, from any thread, by whichever run computed or gave up what a step of
        this run waits for."""
        self._queue.put(partial(self._receive, at, values))

    def _receive(self, at: int, values: Values | None) -> None:
        self._pending.discard(at)
        if values is None:
            self._ledger.ready.append(at)
        else:
            self._ledger.let_go(self._ledger.steps[at])
            self._found(at, values)

    def _call(self, at: int, step: Step, arguments: dict[str, Any]) -> None:
        spec = step.spec
        if self._told:
            self._told.started(at)
        try:
            lane = self._device() if spec.device else ""
            if spec.takes_context:
                report = self._told.progress_of(at) if self._told else None
                arguments["ctx"] = self._make_context(step.id, report)
        except Exception as unusable:  # no such device
            self._fail(at, unusable, arguments)
            return
        if spec.is_async or spec.device or self._lanes.seconds.get(spec, 1.0) >= INLINE_SECONDS:
            self._send(self._call_of(at, arguments, lane))
            return
        began = time.perf_counter()
        try:
            value, error = spec.function(**arguments), None
        except KeyboardInterrupt:
            raise
        except BaseException as raised:
            value, error = None, raised
        seconds = time.perf_counter() - began
        if seconds > INLINE_SECONDS:
            self._lanes.remember(spec, seconds)
        if error is not None and is_out_of_memory(error):
            self._out_of_memory(self._call_of(at, arguments, lane), error, seconds)
        else:
            self._returned(at, arguments, value, error, seconds)

    def _call_of(self, at: int, arguments: dict[str, Any], lane: str) -> Call:
        spec, unjoined = self._ledger.steps[at].spec, self._rescue.unjoined
        return Call(at, spec, arguments, lane, self._token, self._post, unjoined)

    def _send(self, call: Call) -> None:
        """Let a call run on its lane; its outcome comes as a message."""
        self._running += 1
        self._lanes.submit(call)

    def _post(self, call: Call, *outcome: Any) -> None:
        self._queue.put(partial(self._arrived, call, *outcome))

    def _arrived(self, call: Call, value: Any, error: BaseException | None, seconds: float) -> None:
        self._running -= 1
        # However short it was: one slow call must not keep a quick node away for good.
        self._lanes.remember(call.spec, seconds)
        try:
            if error is not None and is_out_of_memory(error):
                self._lanes.ended(call)
                self._out_of_memory(call, error, seconds)
            else:
                self._returned(call.at, call.arguments, value, error, seconds, call.economy)
        finally:
            self._lanes.ended(call)

    # Out of memory: the call is run again with the next plan that takes less

    def _out_of_memory(self, call: Call, error: BaseException, seconds: float) -> None:
        text = "".join(traceback.format_exception(error))
        if self._token.cancelled or not self._rescue.attempt(call, error):
            self._ledger.seconds[call.at] = seconds
            self._fail(call.at, error, call.arguments, text)

    def _retried(self, call: Call, means: str, divisor: int, how: str) -> None:
        if self._told:
            said = f"ran out of memory; run again {how}"
            self._told.retried(call.at, means, divisor, call.economy, said)

    # Finish

    def _returned(
        self,
        at: int,
        arguments: dict[str, Any],
        value: Any,
        error: BaseException | None,
        seconds: float,
        economy: Economy = AMPLE,
    ) -> None:
        ledger = self._ledger
        step = ledger.steps[at]
        ledger.seconds[at] = seconds
        if error is not None:
            if isinstance(error, Cancelled) and self._token.cancelled:
                self._claims.give_back(at)
            elif isinstance(error, Unavailable):
                self._skip(at, error.mark)
            else:
                self._fail(at, error, arguments)
            return
        if not economy.exact:
            step = self._claims.taint(at)  # the key stands for what the node makes with all memory
        try:
            if isinstance(value, Fragment):
                self._expand(at, unfold(self._planner, step, value, len(ledger.steps)))
                return
            values = returned(step, value)
        except Exception as problem:
            self._fail(at, problem, arguments)
            return
        self._executed(at, step, values)

    def _executed(self, at: int, step: Step, values: Values) -> None:
        ledger = self._ledger
        ledger.status[at] = "executed"
        if self._claims.tainted:  # by a lazy input, since this was claimed
            step = self._claims.passed_on(at, step)
        self._claims.settle(at, step, values)
        if self._told:
            self._told.finished(at)
        ledger.let_go(step)
        ledger.done(at, values)

    def _skip(self, at: int, mark: Any) -> None:
        step = self._ledger.steps[at]
        self._claims.give_back(at)
        if self._told:
            self._told.skipped(at)
        self._ledger.let_go(step)
        self._ledger.done(at, (mark,) * len(step.spec.outputs))

    def _fail(
        self,
        at: int,
        error: BaseException,
        arguments: dict[str, Any],
        text: str | None = None,
    ) -> None:
        step = self._ledger.steps[at]
        arguments.pop("ctx", None)
        problems = problems_of(
            error, step.id, step.spec, arguments, self._ledger.retries.get(at, ())
        )
        if text is None:
            text = "".join(traceback.format_exception(error))
        if is_out_of_memory(error):
            arguments.clear()
            self._rescue.free(self._device() if step.spec.device else "", error)
        self._problems.extend(problems)
        self._ledger.status[at] = "failed"
        self._claims.give_back(at)
        if self._told:
            self._told.failed(at, problems, text)
        self._ledger.let_go(step)
        self._ledger.done(at, (FAILED,) * len(step.spec.outputs))

    # Expansion: a list mapping or a fragment takes the place of a step

    def _expand(self, at: int, expansion: Expansion) -> None:
        ledger = self._ledger
        offset = len(ledger.steps)
        ledger.grow(expansion.steps)
        self._expansions[at] = expansion
        wanted = [source.step for source in sources_of(expansion)]
        # What writes something is run for its own sake.
        wanted += [offset + i for i, new in enumerate(expansion.steps) if not new.spec.outputs]
        for needed in wanted:
            ledger.uses[needed] += 1
            ledger.tell(needed, at)
        ledger.waiting[at] = len(wanted)
        expansion.wanted = wanted
        if wanted:
            self._demand(wanted)
        else:
            ledger.ready.append(at)

    def _finish_expansion(self, at: int) -> None:
        expansion = self._expansions.pop(at)
        step = self._ledger.steps[at]
        try:
            values = expansion.collect(self._ledger)
            if not step.mapped:
                values = returned(step, values if step.spec.several_outputs else values[0])
        except Unavailable as error:
            self._skip(at, error.mark)
        except Exception as error:
            self._fail(at, error, {})
        else:
            claims = self._claims
            if not expansion.cacheable or not claims.tainted.isdisjoint(expansion.wanted):
                step = claims.taint(at)
            self._executed(at, step, values)
        for needed in expansion.wanted:
            self._ledger.release(needed)

    # Lazy inputs

    async def _resolve_lazy(self, at: int, link: Link) -> Any:
        """Awaited by the node, on the engine's event loop."""
        wait = LazyWait(self._ledger, link, self._lanes.for_async().loop)
        self._queue.put(partial(self._want_lazy, wait))
        return await wait.future

    def _want_lazy(self, wait: LazyWait) -> None:
        missing = wait.register()
        if missing:
            self._demand(missing)

    # The end

    def _result(self, seconds: float) -> RunResult:
        status: RunStatus = "failed" if self._problems else "succeeded"
        if self._token.cancelled and (self._problems or self._unfinished()):
            status = "cancelled"
        outputs, nodes = what_came_of(self._plan, self._ledger)
        types = self._planner.registry.types
        return RunResult(self.run_id, status, outputs, nodes, self._problems, seconds, types)

    def _unfinished(self) -> bool:
        return any(self._ledger.state[at] != DONE for at in self._wanted)
