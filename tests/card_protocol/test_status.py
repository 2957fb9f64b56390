"""Every two bytes mean something, and the numbers in them are read right."""

from card_protocol import status
from card_protocol.status import SW
from tests.cells import each_cell

EVERY_WORD = range(0x1_0000)


def test_every_word_has_a_meaning():
    assert all(status.explain(sw) for sw in EVERY_WORD)


def test_only_6xxx_and_9xxx_are_status_words():
    # ISO/IEC 7816-4: any value but 6xxx and 9xxx is invalid, and so is 60xx.
    invalid = [sw for sw in EVERY_WORD if status.explain(sw).startswith("no status word")]
    assert invalid == [sw for sw in EVERY_WORD if sw >> 12 not in {6, 9} or sw >> 8 == 0x60]


def test_every_named_word_has_a_text_of_its_own():
    texts = {status.explain(sw) for sw in SW}
    assert len(texts) == len(SW)


@each_cell(
    ("sw", "text"),
    [
        (0x9000, "success"),
        (0x6100, "success, 256 bytes waiting"),
        (0x6101, "success, 1 bytes waiting"),
        (0x63C0, "refused, tries left: 0"),
        (0x63CF, "refused, tries left: 15"),
        (0x63D0, "warning, memory changed"),
        (0x6202, "the card asks for a query of 2 bytes"),
        (0x6280, "the card asks for a query of 128 bytes"),
        (0x6281, "part of the returned data may be corrupted"),
        (0x6480, "aborted, the card asks for a query of 128 bytes"),
        (0x6982, "security status not satisfied"),
        (0x69FF, "command not allowed"),
        (0x6C00, "wrong Le, 256 bytes are available"),
        (0x6C08, "wrong Le, 8 bytes are available"),
        (0x9001, "proprietary"),
    ],
)
def test_texts(sw, text):
    assert status.explain(sw) == text


def test_helpers_agree_with_the_families_on_every_word():
    for sw in EVERY_WORD:
        word = f"{sw:04X}"
        count = sw % 256 or 256
        assert status.tries_left(sw) == (int(word[3], 16) if word.startswith("63C") else None)
        assert status.bytes_waiting(sw) == (count if word.startswith("61") else None)
        assert status.right_le(sw) == (count if word.startswith("6C") else None)
