"""What a meter leaves of a card: nothing but its write-back is new, and of a refused card nothing.

And what the office reads there: with a right card that was obeyed, nothing that it would doubt.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import AnyImage
from card_protocol.carrier.find import laid_open
from card_protocol.errors import CardProtocolError
from card_protocol.formats.budget import WriteBackRecord
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.formats.container import SLOT_BYTES, in_force
from card_protocol.keys import Purpose, derive
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import says_refused
from meter_emu.laws.judged import law_of_stories
from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.laws.office_doubts import doubts_owed
from meter_emu.laws.office_record import RECORDS, mac, order_text
from meter_emu.world.meter.build import parse_build

# The meter's part of a card: its file, after identity and desk record; the two copies of its part.
_WRITTEN_BACK: Final = 2
_HALF: Final = 1 << 31  # ours: no meter has so many sessions; a story may begin with more
_COPIES: Final = ((152, 204), (204, 256))


@law_of_stories(
    id="card-kept",
    properties=("P11", "P13"),
    presumes="power while the card is in the meter",
    one_in=4,
)
def card_kept(trial: Trial) -> Finding:
    """A meter writes nothing on a card that it refuses, and its write-back alone on another."""
    seen = [session for session in trial.sessions if session.unbroken]
    for session in seen:
        wrong = _changed(session.before, session.after, _written_back(trial, session.before),
                         _written_back(trial, session.after))  # fmt: skip
        if wrong is not None:
            return Broken(f"the meter changes {wrong}", for_good=True)
    return None if seen else Aside("no card was in a meter with power")


def _written_back(trial: Trial, image: AnyImage) -> WriteBackRecord | None:
    key = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, trial.household.meter_id)
    try:
        return laid_open(image).written_back(key)
    except CardProtocolError:
        return None


def _changed(
    before: AnyImage,
    after: AnyImage,
    was: WriteBackRecord | None,
    written: WriteBackRecord | None,
) -> str | None:
    """Return what is new on a card and must not be."""
    tries, content = _parts(after)
    right_tries, right = _parts(before)
    if tries != right_tries:
        return f"the tries left on a card, {right_tries}, to {tries}"
    if content == right:
        return None
    if was == written:
        return "a card that it refuses"
    if after.kind is CardKind.MEMORY:
        changed = {at for at, byte in enumerate(content[0]) if byte != right[0][at]}
        kept = any(changed <= set(range(*copy)) for copy in _COPIES)
        return None if kept else "more of a memory card than one copy of its part"
    if after.kind is CardKind.PLAIN:
        return _slots_changed(right[0], content[0])
    files = zip(right, content, strict=True)
    others = (
        nth for nth, (one, other) in enumerate(files) if one != other and nth != _WRITTEN_BACK
    )
    return next((f"file {nth + 1} of a card, which is the office's" for nth in others), None)


def _parts(image: AnyImage) -> tuple[object, Sequence[bytes]]:
    """Return the tries of a card, and its contents."""
    if isinstance(image, CardImage):
        return image.tries_left, image.contents
    return (image.counter, image.protection), (image.main,)


def _slots_changed(before: bytes, after: bytes) -> str | None:
    """Return what is wrong with a write to a plain card: it must leave the copy that counts."""
    counts, _ = in_force(lambda at, size: before[at : at + size])
    at = counts * SLOT_BYTES
    kept = before[at : at + SLOT_BYTES] == after[at : at + SLOT_BYTES]
    return None if kept else "the copy that counts of a plain card"


# What the office reads ----------------------------------------------------------------------------


@law_of_stories(
    id="office-agrees",
    properties=("P13",),
    presumes="our office, with or without defects, and a card that the meter writes on",
    one_in=4,
)
def office_agrees(trial: Trial) -> Finding:
    """Of a card that comes back the office says where it and its meter disagree, and no more."""
    household = trial.household
    desk_class, dates, codec = parse_build(trial.build).desk_parts(trial.campaign.zone)
    desk = desk_class(TEST_MASTER_KEY, dates=dates, codec=codec)
    read = 0
    for card, written, obeyed in _came_back(trial):
        read += 1
        said = [one.contradicts for one in desk.doubts(written, card)]
        seal = mac(RECORDS, household.meter_id, order_text(household.meter_id, card.desk))
        if said != doubts_owed(written, card.desk, seal):
            return Broken(f"the office says {said} of order {written.order_number}", for_good=True)
        wrapped = card.desk.seen_session - written.session_count > _HALF
        if obeyed and said and written.order_mac is not None and not wrapped:
            words = desk.doubts(written, card)[0].words
            return Broken(f"a right card was obeyed, and the office reads: {words}", for_good=True)
    return None if read else Aside("no card came back with a write-back")


def _came_back(trial: Trial) -> Iterator[tuple[CardRecords, WriteBackRecord, bool]]:
    """Yield what the office reads on each card that comes back, and whether it was obeyed."""
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, trial.household.meter_id)
    for session in trial.sessions:
        written = _written_back(trial, session.after)
        if written is None or not session.unbroken:
            continue
        new = written != _written_back(trial, session.before)
        try:
            card = laid_open(session.after).contents(key)
        except CardProtocolError:
            continue
        yield card, written, new and not says_refused(written.result)
