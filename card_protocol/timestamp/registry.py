"""Every timestamp codec by name: what a hex string is tried as.

Sources are public: a standard where a public document shows its layout, else the page or repository
named. What is ours says so. `docs/timestamps.md` has the table.
"""

from typing import Final

from card_protocol.timestamp.cosem import COSEM, COSEM_DATE
from card_protocol.timestamp.count_codecs import COUNTS
from card_protocol.timestamp.cp56 import CP56
from card_protocol.timestamp.digit_codecs import DIGITS
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.families import BYTE_FIELDS
from card_protocol.timestamp.fat import FAT, FAT_DATE, PACKED_MINUTE
from card_protocol.timestamp.knx import KNX_DATE, KNX_DATE_TIME
from card_protocol.timestamp.mbus import TYPE_F, TYPE_G, TYPE_I
from card_protocol.timestamp.ticks import TICKS

_ALL: Final[tuple[Codec, ...]] = (
    *DIGITS, *COUNTS, PACKED_MINUTE, FAT, TYPE_F, TYPE_G, TYPE_I, CP56, COSEM,
    FAT_DATE, COSEM_DATE, KNX_DATE, KNX_DATE_TIME, *TICKS, *BYTE_FIELDS,
)  # fmt: skip
CODECS: Final = {codec.name: codec for codec in _ALL}
"""Every codec of dates and times by its name, such as `bcd-yymmddhhmm`."""
assert len(CODECS) == len(_ALL), "a name means one codec"
