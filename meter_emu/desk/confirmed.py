"""What a write-back says of the card it lies on: whether the meter has what the office wrote.

A write-back is of a session, and the desk's record repeats the last session that the office has
seen. So one that was put back is found, and so is a visit that no meter has confirmed.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from card_protocol.formats.budget import WriteBackRecord
from card_protocol.formats.budget.generations import AnyDeskRecord

# Ours: a household needs 30 years for it with three cards a day, and it is less than half of what
# the 16 bits of a memory card say.
VISIT_FROM_SESSION: Final = 32_000


class Doubt(NamedTuple):
    """Something that a clerk has to know; `contradicts` where card and meter cannot both be right.

    What is only not confirmed yet is no contradiction: the household has not been at its meter, or
    pulled the card out too early.
    """

    words: str
    contradicts: bool


def doubts(written: WriteBackRecord, desk: AnyDeskRecord, order_mac: bytes) -> tuple[Doubt, ...]:
    """Return what does not agree; `order_mac` is that of the order in the desk's record."""
    return (
        *_of_session(written, desk),
        *_of_order(written, desk, order_mac),
        *_of_money(written, desk),
    )


def _of_session(written: WriteBackRecord, desk: AnyDeskRecord) -> Iterator[Doubt]:
    if written.session_count < desk.seen_session:
        words = (
            f"the write-back is of session {written.session_count}, and the office has seen session"
            f" {desk.seen_session}: an old one was put back"
        )
        yield Doubt(words, contradicts=True)
    if written.order_mac is None and written.session_count >= VISIT_FROM_SESSION:
        words = (
            f"the meter has obeyed a card {written.session_count} times, and a memory card says no"
            " session after 65535: somebody has to visit it"
        )
        yield Doubt(words, contradicts=False)


def _of_order(written: WriteBackRecord, desk: AnyDeskRecord, order_mac: bytes) -> Iterator[Doubt]:
    has, wrote = written.order_number, desk.order_number
    if has > wrote:
        words = f"the meter has order {has}, and this card has order {wrote}: it is an old state"
        yield Doubt(words, contradicts=True)
    elif has < wrote:
        words = f"order {wrote} is not confirmed: the meter has order {has}"
        yield Doubt(words, contradicts=False)
    elif has and _is_another(written, desk, order_mac):
        words = f"the meter has another order {has} than this card: the number was used twice"
        yield Doubt(words, contradicts=True)


def _is_another(written: WriteBackRecord, desk: AnyDeskRecord, order_mac: bytes) -> bool:
    if written.order_mac is None:  # a memory card has no room for it
        return (written.defer_until, written.cut_at) != (desk.defer_until, desk.cut_at)
    unknown = written.order_mac == b"\xff" * len(order_mac)
    return not unknown and written.order_mac != order_mac


def _of_money(written: WriteBackRecord, desk: AnyDeskRecord) -> Iterator[Doubt]:
    has, wrote = written.accepted_count, desk.load_count
    if has > wrote:
        words = f"the meter has booked {has} loads, and this card has {wrote}: it is an old state"
        yield Doubt(words, contradicts=True)
    elif has < wrote:
        words = f"of {wrote} loads the meter has booked {has}"
        yield Doubt(words, contradicts=False)
