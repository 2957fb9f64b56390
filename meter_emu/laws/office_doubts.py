"""What the office says of a write-back: each way in which card and meter disagree, no other."""

from dataclasses import replace
from typing import Any, Final

from card_protocol.card.virtual import card_of
from card_protocol.formats.budget import WRITE_BACK
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance
from meter_emu.laws.office_record import RECORDS, mac, order_text
from meter_emu.world.rehearsal.engine import rig_of

_UNKNOWN: Final = b"\xff" * 8
_TRIES: Final = 12


@law_with_runs(
    id="office-doubts",
    properties=("P13",),
    presumes="our office, with or without defects",
)
def office_doubts(trial: Trial) -> Finding:
    """The office says where card and meter disagree, and nothing where they agree."""
    random = chance(trial, "doubts")
    rig = rig_of(trial.household, trial.campaign)
    card = card_of(rig.first_card().image, rig.challenge)
    card.power_on()
    account = rig.desk.account(card.transmit)
    empty = WRITE_BACK.parse(b"BB" + bytes(WRITE_BACK.size_bytes - 2))
    for _ in range(_TRIES):
        desk = replace(
            account.desk,
            order_number=random.choice((0, 1, 7)),
            load_count=random.choice((0, 3)),
            seen_session=random.choice((0, 5, 32_000)),
        )
        number = max(0, desk.order_number + random.choice((-1, 0, 0, 0, 1)))
        seal = mac(RECORDS, rig.meter_id, order_text(rig.meter_id, desk))
        other = bytes((seal[0] ^ 1,)) + seal[1:]
        written = replace(
            empty,
            order_number=number,
            order_mac=random.choice((None, seal, other, _UNKNOWN)),
            accepted_count=max(0, desk.load_count + random.choice((-1, 0, 1))),
            session_count=max(0, desk.seen_session + random.choice((-1, 0, 1))),
            defer_until=random.choice((desk.defer_until, bytes(5))),
            cut_at=random.choice((desk.cut_at, bytes(5))),
        )
        said = [one.contradicts for one in rig.desk.doubts(written, account._replace(desk=desk))]
        if said != doubts_owed(written, desk, seal):
            return Broken(f"the office says {said} of order {number}, {desk.order_number} written")
    return None


def doubts_owed(written: Any, desk: Any, seal: bytes) -> list[bool]:  # noqa: ANN401
    """Return for each doubt that is owed whether card and meter contradict each other."""
    found = []
    if written.session_count < desk.seen_session:
        found.append(True)
    if written.order_mac is None and written.session_count >= 32_000:
        found.append(False)  # a memory card has no room for many more: a visit is asked for
    if written.order_number != desk.order_number:
        found.append(written.order_number > desk.order_number)
    elif desk.order_number:
        ends = [(one.defer_until, one.cut_at) for one in (written, desk)]
        same = ends[0] == ends[1] if written.order_mac is None else written.order_mac == seal
        if not same and written.order_mac != _UNKNOWN:
            found.append(True)
    if written.accepted_count != desk.load_count:
        found.append(written.accepted_count > desk.load_count)
    return found
