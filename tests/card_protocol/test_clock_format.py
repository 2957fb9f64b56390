"""The clock order against its page."""

from card_protocol.formats.clock import CLOCK
from tests.docs.pages import page, section, table


def test_the_clock_order_is_as_the_page_says():
    part = section(page("docs/card-format.md"), "The technician's clock card")
    rows = table(part, "offset", "size", "part of a clock order", "unit")
    said = [(int(offset), int(size), name.strip("`")) for offset, size, name, _ in rows]
    assert said == [(field.offset, field.size_bytes, field.name) for field in CLOCK.fields]
