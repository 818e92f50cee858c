"""Who may ask how often, how many at once, for how long: the parts by themselves."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from rag import stopping
from rag.errors import ConfigError, InputError, Stopped
from rag.ui.api import rates
from rag.ui.api.desk import BusyError, Desk, OutOfTimeError
from rag.ui.api.rates import Rates, asker
from rag.ui.who import Person

from .api_kit import soon
from .rules_kit import Settings


class TestRates:
    @given(
        most=st.integers(1, 5),
        gaps=st.lists(st.floats(0, 40), min_size=1, max_size=40),
    )
    def test_never_more_in_any_minute_and_never_fewer_than_allowed(self, most, gaps):
        now = 0.0
        taken: list[float] = []
        limit = Rates(most, clock=lambda: now)
        for gap in gaps:
            now += gap
            recent = [at for at in taken if now < at + 60]
            wait = limit.take("a")
            assert (wait > 0) == (len(recent) == most)
            if wait:
                assert wait == pytest.approx(recent[0] + 60 - now)
            else:
                taken.append(now)

    def test_each_asker_has_a_minute_of_its_own(self):
        limit = Rates(1, clock=lambda: 0.0)
        assert [limit.take(name) for name in "aba"] == [0, 0, 60]

    def test_zero_is_no_limit(self):
        limit = Rates(0)
        assert not any(limit.take("a") for _ in range(1000)) and len(limit) == 0

    def test_askers_are_forgotten_after_a_minute_and_when_there_are_too_many(self, monkeypatch):
        now = 0.0
        limit = Rates(2, clock=lambda: now)
        limit.take("early")
        now = 61.0
        limit.take("late")
        assert len(limit) == 1
        monkeypatch.setattr(rates, "_KEPT", 5)
        for n in range(50):
            limit.take(f"flood {n}")
        assert len(limit) == 5


def request_of(host: str | None, person: Person | None = None) -> Request:
    scope = {"type": "http", "headers": [], "client": host and (host, 1), "state": {}}
    if person:
        scope["state"]["person"] = person
    return Request(scope)


class TestAsker:
    def test_a_person_is_one_at_every_address(self):
        person = Person("wang")
        assert asker(request_of("10.0.0.1", person)) == asker(request_of("10.0.0.2", person))
        assert asker(request_of("10.0.0.1", Person("li"))) != asker(request_of("10.0.0.1", person))

    def test_without_logins_an_address_is_one(self):
        assert asker(request_of("10.0.0.1")) != asker(request_of("10.0.0.2"))
        assert asker(request_of(None)) == asker(request_of(None))

    def test_a_shared_token_is_not_one_person(self):
        shared = Person("token")
        assert asker(request_of("10.0.0.1", shared)) != asker(request_of("10.0.0.2", shared))

    def test_a_name_that_looks_like_an_address_is_no_address(self):
        assert asker(request_of("10.0.0.1", Person("10.0.0.1"))) != asker(request_of("10.0.0.1"))

    def test_of_ipv6_a_subscribers_network_is_one(self):
        assert asker(request_of("2001:db8::1")) == asker(request_of("2001:db8::ffff:2"))
        assert asker(request_of("2001:db8::1")) != asker(request_of("2001:db8:0:1::1"))


async def idle(desk: Desk) -> None:
    """Wait until no question is left at the desk."""
    for _ in range(1000):
        if not desk.answering + desk.waiting:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("a worker was not freed")


def drain(desk: Desk, *works, silence=float("inf")):
    """All steps of the works, once they are over and the workers are free."""

    async def run():
        found = []
        for steps in works:
            work = desk.take(steps)
            found.append([step async for step in work.steps(silence)])
        await idle(desk)
        return found

    return asyncio.run(run())


class TestDesk:
    def test_steps_come_in_order(self):
        assert drain(Desk(at_once=1, waiting=0, seconds=10), lambda: iter("abc")) == [["a", "b", "c"]]

    def test_what_the_work_raises_is_raised(self):
        def fails():
            yield 1
            raise InputError("no")

        with pytest.raises(InputError, match="no"):
            drain(Desk(at_once=1, waiting=0, seconds=10), fails)

    def test_so_many_at_once_so_many_waiting_then_busy(self):
        async def run():
            desk, go, started = Desk(at_once=2, waiting=3, seconds=10), threading.Event(), []

            def held(n):
                def steps():
                    started.append(n)
                    go.wait(10)
                    yield n

                return steps

            works = [desk.take(held(n)) for n in range(5)]
            await asyncio.to_thread(soon, lambda: len(started) == 2)
            assert (desk.answering, desk.waiting) == (2, 3)
            with pytest.raises(BusyError) as busy:
                desk.take(held(9))
            assert busy.value.after >= 1
            works[3].leave()  # gone while it waited: its place is free, its work is never begun
            assert desk.waiting == 2
            go.set()
            assert [await works[n].last() for n in (0, 1, 2, 4)] == [0, 1, 2, 4]
            await idle(desk)
            assert sorted(started) == [0, 1, 2, 4]

        asyncio.run(run())

    def test_work_that_nobody_waits_for_ends_at_its_next_step(self):
        async def run():
            desk, ended, told = Desk(at_once=1, waiting=0, seconds=60), threading.Event(), threading.Event()

            def endless():
                try:
                    while True:
                        stopping.check()
                        told.set()
                        yield 1
                except Stopped:
                    ended.set()
                    raise
                finally:
                    ended.set()

            work = desk.take(endless)
            await asyncio.to_thread(told.wait, 10)
            work.leave()
            assert await asyncio.to_thread(ended.wait, 10)
            await idle(desk)

        asyncio.run(run())

    def test_its_time_is_up_for_the_waiting_and_for_the_work(self):
        async def run():
            desk, left = Desk(at_once=1, waiting=1, seconds=0.15), []

            def patient():
                try:
                    while True:
                        threading.Event().wait(0.01)
                        stopping.check()
                finally:
                    left.append(True)
                yield 1

            running, waiting = desk.take(patient), desk.take(lambda: iter([2]))
            found = await asyncio.gather(running.last(), waiting.last(), return_exceptions=True)
            assert [type(error) for error in found] == [OutOfTimeError, OutOfTimeError]
            await idle(desk)
            assert left == [True]

        asyncio.run(run())

    def test_silence_is_told(self):
        def slow():
            threading.Event().wait(0.2)
            yield 1

        [steps] = drain(Desk(at_once=1, waiting=0, seconds=10), slow, silence=0.03)
        assert steps[-1] == 1 and 2 <= steps.count(None) == len(steps) - 1


class TestStopping:
    def test_nothing_stops_what_nobody_may_stop(self):
        assert stopping.condition() is None
        stopping.check()

    def test_inside_the_condition_counts_and_outside_it_does_not(self):
        with stopping.stoppable(lambda: True), pytest.raises(Stopped, match="gone"):
            stopping.check()
        stopping.check()

    def test_a_bot_stops_between_its_steps(self, tmp_path):
        from rag.bot import Bot

        from .index_kit import HashEmbedder
        from .office import office

        office(tmp_path)
        bot = Bot(Settings(), tmp_path, embedder=HashEmbedder(dim=256))
        question = "李建军是哪个单位的?省总工会印发了什么办法?"  # figures come together, other answers one by one
        asked = 0

        def after_the_first() -> bool:
            nonlocal asked
            asked += 1
            return asked > 2

        with stopping.stoppable(after_the_first):
            growing = bot.stream(question)
            assert len(next(growing).statements) == 1
            with pytest.raises(Stopped):
                next(growing)
        assert bot.ask(question).statements


@pytest.mark.parametrize("change", [{"ask_at_once": 0}, {"ask_seconds": 0}, {"body_kb": 1}, {"ask_per_minute": -1}])
def test_limits_out_of_range_are_refused(change):
    with pytest.raises(ConfigError, match="out of range"):
        Settings(**change)
