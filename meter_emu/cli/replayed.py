"""Recording a rehearsed meter, and making a recorded meter again from what its trace says of it.

No key and no image is in a trace: its origin names the campaign, the seed and the household, or the
image a live meter began with, and from these a meter is made as it was, to the byte. The bytes of
these files are identified by their hash, because others would make another meter.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from card_protocol.errors import TraceError, UndecodedError, decoding
from card_protocol.trace import Origin, no_clock
from meter_emu.cli.tracing import recording
from meter_emu.cli.trusting import check_builds
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.resources import find, read_file
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.acts import ActListener, ListenerOf, MeterTrace
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.clock_chips import clock_of
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import rig_of

if TYPE_CHECKING:
    from meter_emu.cli.live.origin import LiveOrigin


class Rehearsal(
    msgspec.Struct, tag_field="kind", tag="rehearsal", forbid_unknown_fields=True, kw_only=True
):
    """Where a meter comes from. `clock` is what its registers count, for people.

    `model` is the one all meters were put on, empty where each had its own.
    """

    campaign: str
    sha256: str
    seed: int
    household: str
    build: str
    model: str
    clock: str


def chosen_campaign(
    campaign: str,
    *,
    seed: int | None,
    build: str | None,
    model: str | None,
    household: str | None,
) -> Campaign:
    """Return a campaign, of one household if one is named; raise `ConfigError` for none of that."""
    path = find("campaigns", campaign)
    whole = load_campaign(path, seed=seed, build=build, model=model)
    if household is None:
        return whole
    alone = whole.households.alone(household)
    if alone is None:
        near = hint(household, [entry.first.id for entry in whole.households.entries])
        raise ConfigError(str(path), "household", f"none has the id {household!r}{near}")
    return replace(whole, households=alone)


@contextmanager
def witnessing(
    trace_to: str | None, campaign: str, model: str | None, resolved: Campaign
) -> Iterator[ListenerOf | None]:
    """Give a witness that records the one meter of a campaign, if there is a file for it.

    Raise `ConfigError` for a campaign of several.
    """
    if trace_to is not None and len(resolved.households) > 1:
        why = "a trace is of one meter: say which with --household"
        raise ConfigError(campaign, "--trace", why)
    alone = resolved.households[0]
    origin = Rehearsal(
        campaign=campaign,
        sha256=campaign_digest(campaign),
        seed=resolved.seed,
        household=alone.id,
        build=alone.build,
        model=model or "",
        clock=alone.model.rtc_base,
    )
    with recording(trace_to, msgspec.to_builtins(origin)) as recorder:
        if recorder is None:
            yield None
            return

        def witness_of(board: Board) -> ActListener:
            return MeterTrace(recorder, board, clock_of(board))

        yield witness_of
        recorder.ended(clock=no_clock, us=resolved.end_us)


def recorded_bench(
    path: str, origin: Origin, *, build: str | None, image: str | None, trusted: bool
) -> tuple[Bench, str]:
    """Return the meter of a trace's origin as it stood, and the build it now runs.

    `image` is where the image of a live meter lies now, if not where it lay. Raise `TraceError` for
    a trace of no meter, and where what the meter was made from is not what it was.
    """
    from meter_emu.cli.live.origin import LiveOrigin

    kind = origin.get("kind")
    if kind not in {"rehearsal", "run"}:
        raise TraceError(path, f"is of a {kind}: there is no meter to play it to")
    try:
        with decoding():
            was = msgspec.convert(origin, Rehearsal | LiveOrigin)
    except UndecodedError as error:
        raise TraceError(path, f"line 1: {error}") from None
    check_builds(path, [was.build] if build is None else [], typed=build, trusted=trusted)
    if isinstance(was, LiveOrigin):
        return _live_bench(path, was, build or was.build, image), build or was.build
    return _rehearsed_bench(path, was, build or was.build), build or was.build


def _rehearsed_bench(path: str, was: Rehearsal, build: str) -> Bench:
    if campaign_digest(was.campaign) != was.sha256:
        raise TraceError(path, f"{was.campaign} is not what it was when this was recorded")
    resolved = chosen_campaign(
        was.campaign,
        seed=was.seed,
        build=build,
        model=was.model or None,
        household=was.household,
    )
    bench, _ = rig_of(resolved.households[0], resolved).bench(_forget)
    return bench


def _live_bench(path: str, was: "LiveOrigin", build: str, image: str | None) -> Bench:
    from meter_emu.cli.live.origin import digest_of, model_of, rig_at_start

    if was.image:
        was = msgspec.structs.replace(was, image=image or was.image)
        if digest_of(was.image) != was.sha256:
            why = f"{was.image} is not what it was when this began: give a copy with --image"
            raise TraceError(path, why)
    bench, _ = rig_at_start(was, model_of(was.meter, was.image), build).bench(_forget)
    return bench


def _forget(event: Event) -> None:
    """Take an event and do nothing with it."""


def campaign_digest(campaign: str) -> str:
    """Return the SHA-256 of a campaign's file; raise `ConfigError` when it cannot be read."""
    path = find("campaigns", campaign)
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from None
