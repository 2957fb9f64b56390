"""A meter on a bench for a fuzzer, and everything that is seen of it."""

from functools import cache, cached_property
from typing import Final, final

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import VirtualCard
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Account
from meter_emu.domain import Result, WriteBack
from meter_emu.firmware.layouts import State
from meter_emu.fuzz.reach import must, tell
from meter_emu.resources import find
from meter_emu.units import DAY_US, HOUR_US, HOURS_A_DAY, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST
from meter_emu.world.households.household import DeskOrder, Household
from meter_emu.world.meter.acts import Appliances
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.meter.model import load_model
from meter_emu.world.meter.observer import state_in
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.rig import Rig

_FAR: Final = Civil(2040, 7, 3, 23, 1)
FAR_OFF: Final = DeskOrder(defer_until=_FAR, cut_at=_FAR)
A_LOAD: Final = DeskOrder(load_cents=2_000)

FUZZED_MODELS: Final = ("electricity-pcf8563-utc", "electricity-legal-time", "gas-pcf8563-battery")
_AMPLE_CENTS: Final = 1_000_000
_LITTLE_CENTS, LOAD_W = 150, 400  # ours: out of credit after a day, or a few of gas
FUZZING_FROM_US: Final = 1_584_529_200_000_000  # 18 March 2020 12:00, as the bench of tests
_POLL_US_MAX: Final = 30 * SECOND_US  # ours: a session is bounded by 20 s of ticks and one exchange


def begun(rig: Rig) -> tuple[LiveMeter, list[Event]]:
    """Return a rig's meter once its program has begun, and all that is seen of it."""
    events: list[Event] = []

    def see(event: Event) -> None:
        events.append(event)
        tell(
            lambda: (
                f"{us_to_legal(event.at_us, rig.zone):%d %b %Y %H:%M:%S}  "
                f"{event.what.value} {event.detail}"
            )
        )

    live = rig.live(see)
    live.begin()
    return live, events


@final
class FuzzedMeter:
    """A meter of a home with ample credit, its card, and everything that is seen of it.

    A `poor` one has little credit, and uses it. A `used` one did so for an hour before it
    was armed. `seed` decides what half-done things leave. It looks `phase_us` after each whole
    minute.
    """

    def __init__(
        self,
        selector: int,
        build: str,
        *,
        armed: bool = False,
        carrier: CardKind = CardKind.SECURE,
        seed: int = 0,
        poor: bool = False,
        used: bool = False,
        phase_us: int = 0,
    ) -> None:
        name = FUZZED_MODELS[selector % len(FUZZED_MODELS)]
        watts = LOAD_W if poor or used else 0
        household = _household(name, build, carrier, poor=poor, watts=watts, phase_us=phase_us)
        self.rig = Rig.seeded(household, start_us=FUZZING_FROM_US, seed=seed)
        self.live, self.events = begun(self.rig)
        if used:
            self.live.bench.run_until(self.rig.board.now_us + HOUR_US)
            self.live.do(Appliances(lit=False))
        if armed:
            self.rig.write(self.card, FAR_OFF)
            self.rig.write(self.card, A_LOAD)
            self.rig.write(self.card, FAR_OFF)  # so that an older order is one that was written
            self.live.insert(self.card, "card")
            self.live.remove()

    @cached_property
    def card(self) -> VirtualCard:
        """The card that the office has issued to the household first."""
        return self.rig.first_card()

    @property
    def opened(self) -> bool:
        """Whether the supply went off at any time."""
        return any(event.what is What.OPENED for event in self.events)

    def state(self) -> State | None:
        """Return the state in the memory, `None` where there is none, and of another's program."""
        parts = self.rig.build.readable(self.rig.household.model)
        return None if parts is None else state_in(self.rig.board, parts)

    def insert(self, card: SlotCard) -> Result:
        """Put a card in, let the meter serve it within its bound, and take it out."""
        began_us = self.rig.board.now_us
        result = self.live.insert(card, "card")
        self.live.remove()
        took_us = self.rig.board.now_us - began_us
        must(took_us <= _POLL_US_MAX, "a session comes to an end in time", f"{took_us} us")
        return result

    def account(self, card: VirtualCard) -> Account:
        """Return what the office reads on a card; raise what it raises of one it cannot."""
        card.power_on()
        try:
            return self.rig.desk.account(card.transmit)
        finally:
            card.power_off()

    def written_back(self, card: VirtualCard) -> WriteBack | None:
        """Return what the office reads back from a card, `None` where no meter has written."""
        card.power_on()
        try:
            return self.rig.desk.read_back(card.transmit)
        finally:
            card.power_off()

    def a_day(self) -> None:
        """Let the meter run past the next midnight."""
        self.live.bench.run_until(self.rig.board.now_us + DAY_US + _POLL_US_MAX)


@cache
def _household(
    model_name: str, build: str, carrier: CardKind, *, poor: bool, watts: int, phase_us: int
) -> Household:
    """Return a home with ample credit, or a poor one; its clock just set."""
    return Household(
        id="home",
        kind="the home of a fuzzed meter",
        model=load_model(find("meters", model_name)),
        model_name=model_name,
        build=build,
        balance_cents=_LITTLE_CENTS if poor else _AMPLE_CENTS,
        load=(watts,) * HOURS_A_DAY,
        clock_set_us=FUZZING_FROM_US,
        meter_id=METER_ID_FIRST,
        poll_phase_us=phase_us,
        carrier=carrier,
    )
