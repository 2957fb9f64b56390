"""The one seam for work that is spread: units go in, results come out in the order of the units.

`engine.results(work, units)` is all that a caller sees. It takes units as it needs them and only so
many ahead of the result that is due; each result that it yields is progress; closing it cancels
what is not done. What `work` does depends on nothing but itself and the unit, so any engine with
any number of workers gives the same results.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar, final, runtime_checkable

from card_protocol.errors import CardProtocolError
from meter_emu.errors import MeterEmuError, WorkerError

UnitT = TypeVar("UnitT")
ResultT = TypeVar("ResultT")
InsteadT_co = TypeVar("InsteadT_co", covariant=True)
LEAD_PER_WORKER = 4  # ours: units begun before the oldest is done; evens out slow ones


class Again(NamedTuple, Generic[UnitT]):
    """The unit that another worker does instead of a lost one."""

    unit: UnitT


class Watching(Protocol[UnitT, InsteadT_co]):
    """Watches a worker at one unit from outside, and says what comes next when it is lost."""

    def is_hung(self) -> bool:
        """Whether the worker is to be ended, for it will never answer."""
        ...

    def lost(self, how: str, *, hung: bool) -> Again[UnitT] | InsteadT_co:
        """Return what comes of a worker that ended, `how`, before it answered."""
        ...


class Task(ABC, Generic[UnitT, ResultT]):
    """Something to do with each of many units, with all that it needs to know.

    A worker gets it once. `memory_size` bytes are shared with those who watch the worker.
    """

    memory_size: int = 0

    @abstractmethod
    def run(self, unit: UnitT, memory: memoryview | None = None) -> ResultT:
        """Return the result of one unit; raise `MeterEmuError` for what people got wrong."""

    def watching(
        self,
        unit: UnitT,  # noqa: ARG002  for those who watch
        memory: memoryview | None,  # noqa: ARG002
    ) -> Watching[UnitT, ResultT] | None:
        """Return who watches a worker at a unit; `None` where a lost worker ends it all."""
        return None


class TextTask(Task[UnitT, ResultT]):
    """Work that may be done on another machine: it travels as text, and so do units and results.

    No object of ours does, and no key: those who work have our package, and make what they need.
    """

    unit_type: Any
    result_type: Any

    @abstractmethod
    def as_text(self) -> str:
        """Return what `of_text` makes equal work of; raise `MeterEmuError` for what must stay."""

    @classmethod
    @abstractmethod
    def of_text(cls, text: str) -> Self:
        """Return the work that a text tells of; raise `MeterEmuError` where it cannot be done."""

    @abstractmethod
    def run_there(self, unit: UnitT) -> ResultT:
        """Return the result of a unit in a worker of a cluster, where nobody watches."""


@final
class Calling(Task[UnitT, ResultT]):
    """Work that is a call of a module's function."""

    def __init__(self, function: Callable[[UnitT], ResultT]) -> None:
        self._function = function

    def run(self, unit: UnitT, memory: memoryview | None = None) -> ResultT:  # noqa: ARG002
        """See `Task`."""
        return self._function(unit)


class Reply(NamedTuple, Generic[ResultT]):
    """A result; or what people got wrong, in words. What we got wrong ends the worker."""

    result: ResultT | None = None
    mistake: str | None = None

    @classmethod
    def of(cls, task: Task[UnitT, ResultT], unit: UnitT, memory: memoryview | None) -> Self:
        """Do a unit."""
        try:
            return cls(task.run(unit, memory))
        except (CardProtocolError, MeterEmuError) as error:
            return cls(mistake=str(error))

    @property
    def value(self) -> ResultT:
        """The result; raise `MeterEmuError` for a mistake."""
        if self.mistake is not None:
            raise MeterEmuError(self.mistake)
        return self.result  # type: ignore[return-value]  # None may be one


class Engine(Protocol):
    """Runs units of work, here or elsewhere."""

    def results(
        self, work: Task[UnitT, ResultT], units: Iterable[UnitT]
    ) -> Generator[ResultT, None, None]:
        """Yield the result of each unit, in their order; close it to cancel the rest.

        Raise `MeterEmuError` for what a unit raised, after the results before it, and `WorkerError`
        where those who work are lost.
        """
        ...


@runtime_checkable
class Reusable(Protocol):
    """Lends `results` to be called again and again, one after the other, of the same workers."""

    def standing(
        self, work: Task[UnitT, ResultT]
    ) -> AbstractContextManager[Callable[[Iterable[UnitT]], Generator[ResultT, None, None]]]:
        """See the class."""
        ...


def lost_worker(how: str) -> WorkerError:
    """Return what is to be raised for a worker that ended by itself: `how` in words."""
    return WorkerError(f"a worker process ended {how} before its work was done")


@final
class Here:
    """Does the work in this process, a unit when its result is due."""

    def results(
        self, work: Task[UnitT, ResultT], units: Iterable[UnitT]
    ) -> Generator[ResultT, None, None]:
        """See `Engine`."""
        for unit in units:
            yield work.run(unit)
