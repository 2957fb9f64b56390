"""Programs that are wrong in one thing each, for the laws to find; our own otherwise."""

from dataclasses import replace

from typing_extensions import override

from card_protocol.card.memory_card import ATR_HEADER
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.program import Program
from meter_emu.firmware.trust import Now
from meter_emu.ports import Lamp, Ports, Sleep
from meter_emu.stories.story import own_models
from meter_emu.world.meter.build import parse_build

(MODEL,) = (kit.model for kit in own_models() if kit.model_name == "electricity-pcf8563-utc")
PARTS = parse_build("reference").parts(MODEL)
DAY_S = 86_400
FROM_2040_S = 2_208_988_800


class Wrapped:
    """Our program on ports that may be wrong, with ends that may be wrong."""

    def __init__(self, ports: Ports, ends: type[EndStore] = EndStore) -> None:
        parts = replace(PARTS, ends=ends(PARTS.calendar, PARTS.zone))
        self._program = Program(ports, parts)

    def poll(self) -> Sleep | None:
        return self._program.poll()


class Oversleeper(Wrapped):
    """Its hints are an hour too long."""

    @override
    def poll(self) -> Sleep | None:
        hint = super().poll()
        return hint and Sleep(min(DAY_S, hint.until_second + 3_600), hint.until_units)


class Raising(Wrapped):
    """Raises in its ninth poll."""

    polls = 0

    @override
    def poll(self) -> Sleep | None:
        self.polls += 1
        return Sleep(1 // max(0, 9 - self.polls), None) if self.polls == 9 else super().poll()


class Forgetful(Wrapped):
    """Looks at its card in every second poll, and keeps in its head which one this is."""

    polls = 0

    @override
    def poll(self) -> Sleep | None:
        self.polls += 1
        return super().poll() if self.polls % 3 == 1 else None


class _Ports:
    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def __getattr__(self, name: str) -> object:
        return getattr(self.ports, name)


class _NoMemoryCards(_Ports):
    def card_power(self, on: bool) -> bytes:
        atr = self.ports.card_power(on)
        return b"" if atr.endswith(ATR_HEADER) else atr


class _NeverAsks(_Ports):
    def lamps(self, lamps: Lamp) -> None:
        self.ports.lamps(lamps & ~Lamp.RECONNECT)


def without_memory_cards(ports: Ports) -> Wrapped:
    return Wrapped(_NoMemoryCards(ports))  # type: ignore[arg-type]


def never_asks(ports: Ports) -> Wrapped:
    return Wrapped(_NeverAsks(ports))  # type: ignore[arg-type]


class _Never(EndStore):
    @override
    def due(self, end: bytes, now: Now) -> bool:
        return False


class _Whimsical(EndStore):
    """A day early, if it looks in the first third of a minute."""

    @override
    def due(self, end: bytes, now: Now) -> bool:
        return super().due(end, now._replace(utc_s=now.utc_s + DAY_S * (now.utc_s % 60 < 20)))

    @override
    def wait_s(self, end: bytes, now: Now) -> int:
        return super().wait_s(end, now) - DAY_S


class _Until2040(EndStore):
    @override
    def instant_s(self, end: bytes) -> int:
        instant_s = super().instant_s(end)
        return instant_s - 3_600 * (instant_s > FROM_2040_S)


def never(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Never)


def whimsical(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Whimsical)


def until_2040(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Until2040)
