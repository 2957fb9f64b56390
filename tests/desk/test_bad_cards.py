"""Cards that are not right: refused and left alone, whatever the office was asked to do."""

import pytest

from card_protocol.errors import ApduError, MacError
from card_protocol.formats.budget import Sfi
from card_protocol.keys import Key
from meter_emu.desk.desk import Desk, Work
from meter_emu.errors import DeskError
from tests.cards import resealed
from tests.desk.reader import BY_DEED, DEEDS, ISSUED, METER, Reader
from tests.rigs import counted


@BY_DEED
@pytest.mark.parametrize("sfi", [Sfi.IDENTITY, Sfi.DESK])
def test_a_record_with_a_wrong_mac_stops_every_deed_before_anything_is_written(deed, sfi):
    reader = Reader()
    raw = bytearray(reader.file(sfi))
    raw[-1] ^= 1
    reader.put(sfi, bytes(raw))
    before = reader.files()
    with pytest.raises(MacError, match=budget_name(sfi)):
        DEEDS[deed](reader.desk, reader.exchange)
    assert reader.files() == before


def budget_name(sfi: Sfi) -> str:
    return sfi.name.lower()


@BY_DEED
def test_a_card_sealed_for_an_energy_that_there_is_not_is_refused(deed):
    reader = Reader(image=resealed(Reader().card.image, Sfi.IDENTITY, energy=255))
    before = reader.files()
    with pytest.raises(DeskError, match="energy 255: expected one of"):
        DEEDS[deed](reader.desk, reader.exchange)
    assert reader.files() == before


@BY_DEED
def test_the_card_of_another_operator_is_refused_and_loses_no_try(reader, deed):
    stranger = Desk(Key(b"another operator"), challenge=counted())
    before = reader.card.image.to_bytes()
    with pytest.raises(MacError):
        DEEDS[deed](stranger, reader.exchange)
    assert reader.card.image.to_bytes() == before


@BY_DEED
def test_a_card_without_budget_files_is_refused(deed):
    from card_protocol.card.image import blank

    reader = Reader(image=blank())
    with pytest.raises(ApduError):
        DEEDS[deed](reader.desk, reader.exchange)


@BY_DEED
def test_a_record_moved_from_another_card_is_refused(reader, deed):
    kind = reader.card.image.kind
    other = Reader(image=reader.desk.issue(METER + 1, issued_at_min=ISSUED, card_kind=kind))
    other.desk.serve(other.exchange, Work(load_cents=25_000), issued_at_min=ISSUED)
    reader.put(Sfi.DESK, other.file(Sfi.DESK))
    with pytest.raises(MacError):
        DEEDS[deed](reader.desk, reader.exchange)
