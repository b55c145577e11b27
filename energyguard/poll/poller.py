"""Who is asked when, and what becomes of the answers.

Each device is asked by a task of its own, at its own pace: one that does not answer keeps nobody
waiting but itself. After a failure it is asked again after its period, twice that, four times, at
most five minutes, none of them to the second, so that a house whose power comes back is not asked
at once. An answer is in the log before its device is asked again; while the log takes nothing,
nobody is asked more than once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError, Malformed, Unavailable
from energyguard.poll.registry import KINDS
from energyguard.poll.source import PollSource, PollTarget
from energyguard.poll.states import PollStates, SilentTarget, write_states
from energyguard.poll.taker import AnswerTaker, TimedAnswer
from energyguard.telemetry import METRICS, Condition, logger

MAX_PAUSE_S: Final = 300.0
JITTER: Final = 0.2
"""Of a pause, up or down: devices that fell silent together are not asked together."""
SILENT_AFTER: Final = 3
"""Failures in a row after which a device counts as silent: one lost packet is no news."""
AT_ONCE: Final = 64
"""Devices that are asked at the same time."""
ANSWERS_AT_ONCE: Final = 1_000

_log = logger("poll")


@dataclass(slots=True)
class _Device:
    """A device, and how it does."""

    target: PollTarget
    silent: Condition
    source: PollSource | None = None
    failures: int = 0
    arrived_ms: int = 0
    asking: asyncio.Task[None] | None = None

    @property
    def reads_files(self) -> bool:
        """Whether what it is asked for stands in a file besides."""
        return bool(self.target.registers or self.target.mapping)


@dataclass(slots=True)
class _Waiting:
    """An answer on its way into the log; ``taken`` is set when it is there."""

    answer: TimedAnswer
    taken: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Poller:
    """Asks devices until it is cancelled.

    Args:
        targets: the devices.
        taker: has the log.
        data_dir: where is said which devices do not answer.
        clock: of arrivals.
        chance: of the pauses.
    """

    def __init__(
        self,
        targets: list[PollTarget],
        taker: AnswerTaker,
        data_dir: Path,
        clock: Clock,
        chance: Random | None = None,
    ) -> None:
        self._taker, self._data_dir, self._clock = taker, data_dir, clock
        self._chance = chance or Random()
        self._devices = {target.name: _Device(target, _silence_of(target)) for target in targets}
        self._silent: dict[str, SilentTarget] = {}
        self._fault = ""
        self._failed: asyncio.Future[None] | None = None
        self._answers: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._away = Condition(_log, "the log takes no answers", "answers are taken again")

    async def run(self) -> None:
        """Ask, and take the answers. When it is cancelled, what has come is taken first."""
        self._failed = asyncio.get_running_loop().create_future()
        self._say_all()
        writing = asyncio.create_task(self._write())
        writing.add_done_callback(self._ended)
        for device in self._devices.values():
            self._begin(device)
        try:
            await self._failed
        finally:
            devices = list(self._devices.values())
            await asyncio.gather(*(_leave(device) for device in devices))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._answers.join(), 1.0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def replace(self, targets: Sequence[PollTarget]) -> None:
        """Ask these from now on. Who is asked as before is not disturbed."""
        wanted = {target.name: target for target in targets}
        gone = [
            device
            for name, device in self._devices.items()
            if wanted.get(name) != device.target or device.reads_files
        ]
        await asyncio.gather(*(_leave(device) for device in gone))
        for device in gone:
            del self._devices[device.target.name]
            self._silent.pop(device.target.name, None)
            METRICS["poll_silent"].remove(device.target.name)
        arrived_ms = {device.target.name: device.arrived_ms for device in gone}
        for name in wanted.keys() - self._devices.keys():
            target = wanted[name]
            device = _Device(target, _silence_of(target), arrived_ms=arrived_ms.get(name, 0))
            self._devices[name] = device
            self._begin(device)
        self.blame("")

    def blame(self, fault: str) -> None:
        """Say why the file of devices cannot be used as it is now; empty: it can."""
        self._fault = fault
        self._say_all()

    def _begin(self, device: _Device) -> None:
        device.asking = asyncio.create_task(self._tend(device))
        device.asking.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task that fails ends them all."""
        if self._failed and not (task.cancelled() or self._failed.done()):
            error = task.exception()
            if error is not None:
                self._failed.set_exception(error)

    async def _tend(self, device: _Device) -> None:
        """Ask one device, again and again."""
        period_s = device.target.period_s
        due_s = self._clock.monotonic() + self._chance.uniform(0.0, min(period_s, 10.0))
        while True:
            await asyncio.sleep(max(0.0, due_s - self._clock.monotonic()))
            if await self._ask(device):
                due_s = max(due_s + period_s, self._clock.monotonic())
            else:
                pause_s = pause_after(device.failures, period_s, self._chance)
                due_s = self._clock.monotonic() + pause_s

    async def _ask(self, device: _Device) -> bool:
        """Ask a device once, and have its answer taken; gives whether it answered."""
        target = device.target
        try:
            kind = KINDS[target.kind]
            async with nullcontext() if kind.listens else self._slots:
                if device.source is None:
                    device.source = kind.open(target)
                answer = await device.source.ask()
                original = device.source.original
        except EnergyGuardError as error:
            await self._fail(device, error)
            return False
        except Exception as error:  # a fault of ours in one kind keeps no other device waiting
            _log.exception("an answer is not understood", target=target.name)
            await self._fail(device, Unavailable(f"{type(error).__name__}: {error}"))
            return False
        device.arrived_ms = max(self._clock.now_ms(), device.arrived_ms + 1)
        self._recover(device)
        has_values = bool(answer.values or answer.telegrams)
        METRICS["poll_answers"].labels(target.kind, "taken" if has_values else "nothing").inc()
        if has_values:
            timed = TimedAnswer(target.name, target.kind, answer, original, device.arrived_ms)
            waiting = _Waiting(timed)
            await self._answers.put(waiting)
            await waiting.taken
        return True

    async def _fail(self, device: _Device, error: EnergyGuardError) -> None:
        target = device.target
        device.failures += 1
        is_malformed = isinstance(error, Malformed)
        METRICS["poll_answers"].labels(target.kind, "refused" if is_malformed else "failed").inc()
        if isinstance(error, Malformed) and device.failures == 1 and device.source is not None:
            original = device.source.original
            with suppress(Unavailable):  # the next one is kept, if it is like this one
                await asyncio.to_thread(self._taker.refuse, target.name, original, error)
        await _let_go(device)
        if device.failures >= SILENT_AFTER:
            device.silent.begin(error, target=target.name)
            METRICS["poll_silent"].labels(target.name).set(1)
            before = self._silent.get(target.name)
            since_ms = before.since_ms if before else self._clock.now_ms()
            self._say(target.name, SilentTarget(since_ms, str(error)))

    def _recover(self, device: _Device) -> None:
        device.failures = 0
        device.silent.end()
        METRICS["poll_silent"].labels(device.target.name).set(0)
        self._say(device.target.name, None)

    def _say(self, name: str, state: SilentTarget | None) -> None:
        """Say how a device is, where that has changed."""
        if self._silent.get(name) == state:
            return
        self._silent.pop(name, None)
        if state is not None:
            self._silent[name] = state
        self._say_all()

    def _say_all(self) -> None:
        write_states(
            self._data_dir, PollStates(len(self._devices), dict(self._silent), self._fault)
        )

    async def _write(self) -> None:
        """Have the log take answers, as many as have come at once."""
        while True:
            waiting = [await self._answers.get()]
            while len(waiting) < ANSWERS_AT_ONCE and not self._answers.empty():
                waiting.append(self._answers.get_nowait())
            answers = [waited.answer for waited in waiting]
            while True:
                try:
                    await asyncio.to_thread(self._taker.take, answers)
                except Unavailable as error:
                    self._away.begin(error)
                    await asyncio.sleep(error.retry_after)
                else:
                    break
            self._away.end()
            for waited in waiting:
                if not waited.taken.done():
                    waited.taken.set_result(None)
                self._answers.task_done()


def pause_after(failures: int, period_s: float, chance: Random) -> float:
    """How long a device is left alone after so many failures in a row, s."""
    longest_s = max(MAX_PAUSE_S, period_s)
    pause_s = min(longest_s, period_s * 2.0 ** min(failures - 1, 16))
    return pause_s * chance.uniform(1 - JITTER, 1 + JITTER)


async def _leave(device: _Device) -> None:
    """Ask a device no more."""
    if device.asking is not None:
        device.asking.cancel()
        await asyncio.gather(device.asking, return_exceptions=True)
    await _let_go(device)


async def _let_go(device: _Device) -> None:
    source, device.source = device.source, None
    if source is not None:
        with suppress(Exception):  # it is gone already
            await source.close()


def _silence_of(target: PollTarget) -> Condition:
    return Condition(_log, "a device does not answer", f"{target.name} answers again")
