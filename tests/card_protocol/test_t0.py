"""T=0, character by character: every procedure byte, every P3, every case, and every bad end."""

import pytest

from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.t0 import (
    NULLS_MAX,
    Answering,
    Asking,
    Manner,
    ProcedureStep,
    procedure_step,
    tpdu,
)
from tests.cells import each_cell

VALID_INS = [ins for ins in range(256) if ins >> 4 not in {6, 9}]


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def kind_of(call) -> LinkErrorKind:
    with pytest.raises(LinkError) as caught:
        call()
    return caught.value.kind


# The header -------------------------------------------------------------------------------------


@each_cell(
    ("command", "header", "data"),
    [
        ("00a4000c", "00a4000c00", ""),  # case 1: P3 is 00
        ("00b0000010", "00b0000010", ""),  # case 2
        ("00b0000000", "00b0000000", ""),  # case 2, 256 bytes
        ("00d6000002aabb", "00d6000002", "aabb"),  # case 3
        ("00a4000402df0100", "00a4000402", "df01"),  # case 4: no Le is sent
        ("008800030811223344556677880a", "0088000308", "1122334455667788"),
        ("00b00000000010", "00b0000010", ""),  # case 2 in the long form
        ("00b00000000100", "00b0000000", ""),  # 256 bytes
        ("00b00000000101", "00b0000000", ""),  # more than P3 can ask for
        ("00b00000000000", "00b0000000", ""),
        ("00d6000000000155", "00d6000001", "55"),  # case 3
        ("00a40004000002df010000", "00a4000402", "df01"),  # case 4
    ],
)
def test_each_case_has_its_header(command, header, data):
    assert tpdu(h(command)) == (h(header), h(data))


@each_cell("count", range(1, 256))
def test_every_p3_counts_what_moves(count):
    data = bytes(count)
    assert tpdu(h("00d60000") + bytes((count,)) + data) == (h("00d60000") + bytes((count,)), data)
    assert tpdu(h("00b00000") + bytes((count,))) == (h("00b00000") + bytes((count,)), b"")


@each_cell("le", ["", "0000", "0001"])
def test_more_data_than_p3_counts_are_refused(le):
    with pytest.raises(ApduError, match="one length byte, got 256"):
        Asking(h("00d60000000100" + "55" * 256 + le))


@each_cell("ins", [ins for ins in range(256) if ins >> 4 in {6, 9}])
def test_an_instruction_that_reads_as_a_status_word_is_refused(ins):
    with pytest.raises(ApduError, match=f"no INS {ins:02X}"):
        Asking(bytes((0, ins, 0, 0)))


@each_cell("command", ["", "00", "00b000", "00b000001000"])
def test_what_is_no_command_has_no_header(command):
    with pytest.raises(ApduError):
        Asking(h(command))


# The procedure byte ------------------------------------------------------------------------------


def test_every_procedure_byte_has_one_meaning_for_every_instruction():
    """All 224 instructions and 256 bytes, against a list written the other way round."""
    for ins in VALID_INS:
        want = dict.fromkeys(range(256), ProcedureStep.UNKNOWN)
        want[ins], want[0xFF - ins] = ProcedureStep.ALL, ProcedureStep.ONE
        for sw1 in (*range(0x61, 0x70), *range(0x90, 0xA0)):
            assert want[sw1] is ProcedureStep.UNKNOWN, "an instruction never reads as SW1"
            want[sw1] = ProcedureStep.END
        assert want[0x60] is ProcedureStep.UNKNOWN
        want[0x60] = ProcedureStep.WAIT
        assert {byte: procedure_step(ins, byte) for byte in range(256)} == want


@each_cell("byte", range(256))
def test_every_first_procedure_byte_does_what_it_says(byte):
    asking = Asking(h("00d6000003aabbcc"))
    meant = procedure_step(0xD6, byte)
    if meant is ProcedureStep.UNKNOWN:
        assert kind_of(lambda: asking.receive(bytes((byte,)))) is LinkErrorKind.BROKEN
        return
    sent = asking.receive(bytes((byte,)))
    assert sent == {ProcedureStep.ALL: h("aabbcc"), ProcedureStep.ONE: h("aa")}.get(meant, b"")
    if meant is ProcedureStep.END:
        assert asking.response is None
        asking.receive(b"\x05")
        assert asking.response == bytes((byte, 0x05))


def test_a_card_may_mix_its_manners():
    asking = Asking(h("00d6000005a1a2a3a4a5"))
    assert asking.receive(h("60")) == b""
    assert asking.receive(h("29")) == h("a1")
    assert asking.receive(h("6029")) == h("a2")
    assert asking.receive(h("6060d6")) == h("a3a4a5")
    assert asking.receive(h("609000")) == b""
    assert asking.response == h("9000")


def test_an_answer_may_come_in_any_pieces():
    whole = h("60 4f01 4f02 60 b00304 9000")
    for cut in range(len(whole) + 1):
        asking = Asking(h("00b0000004"))
        assert asking.receive(whole[:cut]) == asking.receive(whole[cut:]) == b""
        assert asking.response == h("010203049000")


def test_a_card_may_end_a_command_before_all_has_moved():
    asking = Asking(h("00d6000003aabbcc"))
    assert asking.receive(h("29")) == h("aa")
    asking.receive(h("6581"))
    assert asking.response == h("6581")


def test_256_bytes_come_back_for_p3_00():
    asking = Asking(h("00b0000000"))
    asking.receive(h("b0") + bytes(256) + h("9000"))
    assert asking.response == bytes(256) + h("9000")


@pytest.mark.parametrize("ack", ["d6", "29"])
def test_a_card_that_asks_for_more_than_there_is_breaks_the_protocol(ack):
    asking = Asking(h("00d6000001aa"))
    assert asking.receive(h("d6")) == h("aa")
    assert kind_of(lambda: asking.receive(h(ack))) is LinkErrorKind.BROKEN


@each_cell(
    ("command", "said"),
    [
        ("00d6000001aa", "d69000"),  # while the interface device sends
        ("00d6000001aa", "900000"),  # after the status word
        ("00b0000001", "b0aa900000"),
    ],
)
def test_a_card_that_sends_out_of_turn_breaks_the_protocol(command, said):
    assert kind_of(lambda: Asking(h(command)).receive(h(said))) is LinkErrorKind.BROKEN


def test_the_most_nulls_in_a_row_are_waited_for():
    asking = Asking(h("00b0000002"))
    for byte in ("aa", "bb"):
        for _ in range(NULLS_MAX):
            asking.receive(h("60"))
        asking.receive(h("4f" + byte))
    asking.receive(h("60") * NULLS_MAX + h("9000"))
    assert asking.response == h("aabb9000")


def test_one_null_more_is_given_up():
    asking = Asking(h("00b0000001"))
    asking.receive(h("60") * NULLS_MAX)
    assert kind_of(lambda: asking.receive(h("60"))) is LinkErrorKind.TIMED_OUT


# The card's end ----------------------------------------------------------------------------------


class Echo:
    """Takes data for odd instructions; answers others with as many bytes as they ask for."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def takes_data(self, ins: int) -> bool:
        return bool(ins & 1)

    def transmit(self, command: bytes) -> bytes:
        self.seen.append(command)
        if self.takes_data(command[1]):
            return b"\x90\x00"
        return bytes(range(256))[: command[4] or 256] + b"\x90\x00"


MANNERS = [Manner(nulls, one_by_one) for nulls in (0, 1, 3) for one_by_one in (False, True)]


def played(card: Echo, command: bytes, manner: Manner, *, split: bool) -> bytes | None:
    """Connect both ends, whole or one character at a time, and return the response."""
    asking, answering = Asking(command), Answering(card, manner)
    out = asking.header
    for _ in range(600):
        pieces = [bytes((byte,)) for byte in out] if split else [out]
        out = b""
        for said in [answering.receive(piece) for piece in pieces]:
            for piece in [bytes((byte,)) for byte in said] if split else [said]:
                out += asking.receive(piece)
        if asking.response is not None:
            return asking.response
    return None


@each_cell("manner", MANNERS, ids=str)
@each_cell("split", [False, True], ids=["whole", "by character"])
@each_cell("p3", [*range(0, 256, 17), 1, 2, 254])
def test_both_ends_understand_each_other(manner, split, p3):
    out, into = bytes((0, 0x02, 1, 2, p3)), bytes((0, 0x03, 1, 2, p3)) + bytes(range(p3))
    card = Echo()
    want = bytes(range(256))[: p3 or 256] + b"\x90\x00"
    assert played(card, out, manner, split=split) == want
    assert played(card, into, manner, split=split) == b"\x90\x00"
    assert card.seen == [out, into if p3 else into[:4]]


def test_a_slow_card_of_every_manner_says_it_byte_by_byte():
    assert Answering(Echo()).receive(h("0002000002")) == h("02 0001 9000")
    single = Answering(Echo(), Manner(one_by_one=True))
    assert single.receive(h("0002000002")) == h("fd00 fd01 9000")
    slow = Answering(Echo(), Manner(nulls=2))
    assert slow.receive(h("0003000002")) == h("6060 03")
    assert slow.receive(h("aabb")) == h("6060 9000")


def test_a_command_half_sent_is_forgotten_at_a_reset():
    card = Echo()
    end = Answering(card)
    assert end.receive(h("0003000002")) == h("03")
    assert end.receive(h("aa")) == b""
    end.reset()
    assert end.receive(h("0003000001")) == h("03")
    assert end.receive(h("bb")) == h("9000")
    assert card.seen == [h("0003000001bb")]
