"""The dialogue between a chip card and the device it is plugged into.

Knows nothing of meters: ISO/IEC 7816-3/-4 vocabulary, card formats, the card's own side and the
terminal's side of the dialogue. `meter_emu` builds on it, never the other way round.

What `__all__` names is public, and so is what those names return and take. Modules and everything
else in them are not: any release may move or change them.

Examples:
    A command to a card, the meaning of a status word, and a date as a card carries it:

    >>> from card_protocol import CODECS, SW, CommandApdu, ResponseApdu
    >>> CommandApdu(cla=0x00, ins=0xB0, p1=0x81, p2=0x00, ne=16).to_bytes().hex()
    '00b0810010'
    >>> SW(ResponseApdu.parse(bytes.fromhex("6a82")).sw).name
    'FILE_NOT_FOUND'
    >>> stamp = CODECS["bcd-yymmddhhmm"].decode(bytes.fromhex("2007032301"))
    >>> f"{stamp.year}-{stamp.month:02}-{stamp.day:02} {stamp.hour}:{stamp.minute:02}"
    '2020-07-03 23:01'
"""

from typing import TYPE_CHECKING, Final

from card_protocol.late import late

if TYPE_CHECKING:
    from card_protocol.apdu import CommandApdu, ResponseApdu
    from card_protocol.card.image import CardImage, CardKind
    from card_protocol.card.sle4442 import MemoryImage
    from card_protocol.card.virtual import FileCard, card_of, parse_image
    from card_protocol.errors import (
        ApduError,
        CardProtocolError,
        LayoutError,
        LinkError,
        LinkErrorKind,
        MacError,
        NotGenuineError,
        TimestampError,
        TokenError,
        TraceError,
    )
    from card_protocol.formats.budget.making import with_record
    from card_protocol.link.link import DirectLink, Link, Slotted
    from card_protocol.link.recorded import RecordedCard, RecordedLink
    from card_protocol.link.replay import Playback, ReplayCard
    from card_protocol.link.t0 import CardOverT0
    from card_protocol.serve.pcscd import PrivatePcscd
    from card_protocol.serve.vpcd import PluggedCard
    from card_protocol.status import SW
    from card_protocol.t0 import Manner
    from card_protocol.terminal import Terminal
    from card_protocol.timestamp.civil import Civil
    from card_protocol.timestamp.registry import CODECS
    from card_protocol.tokens.openpaygo.chain import PaygoKey, PaygoSeed
    from card_protocol.tokens.openpaygo.counter import PaygoCounter
    from card_protocol.tokens.openpaygo.decode import PaygoOutcome, decode_openpaygo
    from card_protocol.tokens.sts.codec import decode_sts, encode_sts
    from card_protocol.tokens.sts.fields import CreditKind, StsCredit
    from card_protocol.tokens.sts.keys import DecoderKey
    from card_protocol.tokens.sts.tid import BaseDate, tid_of
    from card_protocol.trace import Recorder, Trace

__version__ = "0.2.0"
"""The version of the packages, as in `meter-emu --version`."""

__all__ = [
    "CODECS",
    "SW",
    "ApduError",
    "BaseDate",
    "CardImage",
    "CardKind",
    "CardOverT0",
    "CardProtocolError",
    "Civil",
    "CommandApdu",
    "CreditKind",
    "DecoderKey",
    "DirectLink",
    "FileCard",
    "LayoutError",
    "Link",
    "LinkError",
    "LinkErrorKind",
    "MacError",
    "Manner",
    "MemoryImage",
    "NotGenuineError",
    "PaygoCounter",
    "PaygoKey",
    "PaygoOutcome",
    "PaygoSeed",
    "Playback",
    "PluggedCard",
    "PrivatePcscd",
    "RecordedCard",
    "RecordedLink",
    "Recorder",
    "ReplayCard",
    "ResponseApdu",
    "Slotted",
    "StsCredit",
    "Terminal",
    "TimestampError",
    "TokenError",
    "Trace",
    "TraceError",
    "__version__",
    "card_of",
    "decode_openpaygo",
    "decode_sts",
    "encode_sts",
    "parse_image",
    "tid_of",
    "with_record",
]

# Where each comes from when it is first asked for: `import card_protocol.tlv` loads no more.
_HOMES: Final = {
    "apdu": "CommandApdu ResponseApdu",
    "card.image": "CardImage CardKind",
    "card.sle4442": "MemoryImage",
    "card.virtual": "FileCard card_of parse_image",
    "formats.budget.making": "with_record",
    "errors": "ApduError CardProtocolError LayoutError LinkError LinkErrorKind MacError "
    "NotGenuineError TimestampError TokenError TraceError",
    "link.link": "DirectLink Link Slotted",
    "link.recorded": "RecordedCard RecordedLink",
    "link.replay": "Playback ReplayCard",
    "link.t0": "CardOverT0",
    "serve.pcscd": "PrivatePcscd",
    "serve.vpcd": "PluggedCard",
    "status": "SW",
    "t0": "Manner",
    "terminal": "Terminal",
    "timestamp.civil": "Civil",
    "timestamp.registry": "CODECS",
    "tokens.openpaygo.chain": "PaygoKey PaygoSeed",
    "tokens.openpaygo.counter": "PaygoCounter",
    "tokens.openpaygo.decode": "PaygoOutcome decode_openpaygo",
    "tokens.sts.codec": "decode_sts encode_sts",
    "tokens.sts.fields": "CreditKind StsCredit",
    "tokens.sts.keys": "DecoderKey",
    "tokens.sts.tid": "BaseDate tid_of",
    "trace": "Recorder Trace",
}

if not TYPE_CHECKING:  # a type checker has the imports above, and sees a name that is not there
    __getattr__, __dir__ = late(__name__, _HOMES, globals())
