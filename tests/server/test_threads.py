"""Calls out to threads and back into the loop: results, errors, order, ends."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from weakref import ref

import pytest

from graphgen.server.threads import Mailbox, Threads


def in_loop(work, number=3):
    async def main():
        mailbox = Mailbox()
        mailbox.open()
        threads = Threads(number, mailbox)
        try:
            return await asyncio.wait_for(work(threads, mailbox), 10)
        finally:
            threads.close()

    return asyncio.run(main())


def test_results_and_errors_come_back():
    async def work(threads, _):
        assert await threads.call(divmod, 7, 2) == (3, 1)
        assert await threads.call(int, "ff", base=16) == 255
        with pytest.raises(ZeroDivisionError):
            await threads.call(divmod, 1, 0)
        with pytest.raises(RuntimeError):
            await threads.call(next, iter(()))
        with pytest.raises(SystemExit):
            await threads.call(raise_exit)
        assert await threads.call(threading.get_ident) != threading.get_ident()

    def raise_exit():
        raise SystemExit(3)

    in_loop(work)


def test_several_block_at_the_same_time_and_the_loop_goes_on():
    barrier = threading.Barrier(3)

    async def work(threads, _):
        calls = [asyncio.ensure_future(threads.call(barrier.wait, 60)) for _ in range(3)]
        assert sorted(await asyncio.gather(*calls)) == [0, 1, 2]

    in_loop(work)


def test_who_no_longer_waits_is_passed_over():
    gate = threading.Event()

    async def work(threads, _):
        call = asyncio.ensure_future(threads.call(gate.wait, 5))
        await asyncio.sleep(0.01)
        call.cancel()
        gate.set()
        assert await threads.call(lambda: "next") == "next"

    in_loop(work, number=1)


def test_futures_of_other_threads_are_waited_for_in_the_loop():
    async def work(threads, _):
        done, failed, late = Future(), Future(), Future()
        done.set_result(1)
        failed.set_exception(KeyError("x"))
        assert await threads.outcome(done) == 1
        with pytest.raises(KeyError):
            await threads.outcome(failed)

        waiting = asyncio.ensure_future(threads.outcome(late))
        gone = asyncio.ensure_future(threads.outcome(late))
        await asyncio.sleep(0.01)
        gone.cancel()
        assert not waiting.done()
        threading.Thread(target=late.set_result, args=("late",)).start()
        assert await waiting == "late"
        assert gone.cancelled()

    in_loop(work)


def test_posts_of_many_threads_are_called_in_their_order_in_the_loop_s_thread():
    async def work(_, mailbox):
        seen, here = [], threading.get_ident()

        def post(at):
            for number in range(300):
                mailbox.post(lambda n=number: seen.append((at, n, threading.get_ident())))

        posting = [threading.Thread(target=post, args=(at,)) for at in range(6)]
        for thread in posting:
            thread.start()
        while len(seen) < 1800:
            await asyncio.sleep(0.001)
        for at in range(6):
            assert [n for a, n, _ in seen if a == at] == list(range(300))
        assert {thread for *_, thread in seen} == {here}

    in_loop(work)


def test_what_was_posted_before_the_loop_is_called_and_after_it_forgotten():
    mailbox, seen = Mailbox(), []
    mailbox.post(lambda: seen.append("early"))

    async def main():
        mailbox.open()

    asyncio.run(main())
    mailbox.post(lambda: seen.append("late"))

    assert seen == ["early"]


def test_a_post_that_fails_holds_up_no_other():
    async def work(_, mailbox):
        seen = []
        mailbox.post(lambda: 1 / 0)
        mailbox.post(lambda: seen.append(1))
        await asyncio.sleep(0.01)
        assert seen == [1]

    in_loop(work)


def test_what_comes_after_the_end_of_the_loop_is_forgotten():
    class Call:
        def __call__(self):
            raise AssertionError("there is no loop to call it")

    async def work(_, mailbox):
        return mailbox

    mailbox = in_loop(work)
    calls = [Call(), Call()]
    kept = [ref(call) for call in calls]
    while calls:
        mailbox.post(calls.pop())
    assert [call() for call in kept] == [None, None]
