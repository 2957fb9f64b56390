"""What may be left out of a comparison of households: the rules, and what goes by which.

A rule says why it should not matter. Whether that is so the merged-pair test (`search`) sees, which
lives both states on.
"""

from typing import Final

from card_protocol.formats.budget import WRITE_BACK
from meter_emu.explore.far import COUNT_FIELDS, SUM_FIELDS

LEFT_OUT: Final = {
    "chance": "the streams of chance: what a torn cell holds, what a card asks",
    "history": "what has passed: events, moves of the switch, visits, the office's old writings",
    "counts": "counts of polls, beeps, accesses, writes of a page",
    "copies": "which copy of the state is the newest, its sequence, and the older one",
    "journal": "the meter's own journal of events, and its count of sessions",
    "stamps": "when a card was written, by the office's date",
    "said": "what the meter said on a card: it is judged when it is said, and nobody acts on it",
    "seals": "MACs, tokens and challenges: they follow from what they seal, and from chance",
    "numbers": "how far orders, loads and new cards have counted: who is ahead of whom counts,"
    " at the last instant only of the meter",
    "sums": "money, energy and when shelter was counted, where neither the credit nor a width ends",
    "saved": "when the state was saved last, an hour ago or more, and how long the ticks count",
    "drawer": "old cards that no act puts in",
}
FREE_OF_NUMBERS: Final = {"numbers", "sums"}  # rules that leave out what a display may say
RULE_OF: Final = {
    ("Observer", "_moves"): "history",
    ("Board", "moves"): "history",
    ("HouseholdStory", "household"): "history",
    ("HouseholdStory", "writings"): "history",
    ("Observer", "_take"): "history",
    ("Bench", "polls"): "counts",
    ("Bench", "up_us"): "history",
    ("Bench", "down_us"): "history",
    ("Board", "rtc_writes"): "counts",
    ("Board", "rtc_bytes_written"): "counts",
    ("Board", "calls_left"): "counts",
    ("Board", "overrun_us"): "counts",
    ("Panel", "beep_count"): "counts",
    ("Panel", "text"): "shown",
    ("Metrology", "_amount"): "sums?",
    ("Bench", "_hint"): "sums?",  # of a register: its other half follows from state and clock
    ("Bench", "_wake_us"): "sums?",
    ("Bench", "_anchor_us"): "phase",
    ("Board", "ticks_from_us"): "saved?",
    ("Panel", "_held_ms"): "counts",
    ("Metrology", "_still"): "counts",
    ("HouseholdStory", "_reissued"): "history",
    ("Eeprom", "wear"): "counts",
    ("Eeprom", "_before"): "copies",
    ("Eeprom", "_sent"): "copies",
    ("Eeprom", "_sent_base"): "copies",
    ("Eeprom", "_weak_before"): "copies",
    ("Eeprom", "busy_until_us"): "copies",
    ("Memory", "_copies"): "copies",
    ("Journal", "_newest"): "copies",
    ("Memory", "_raw"): "copies",
    ("Memory", "_values"): "follows",  # from `_raw`
}
COMPARED_WITH: Final = {  # by the meter's own number that it is compared with
    "order_number": "order_number",
    "loaded_cents": "accepted_cents",
    "accepted_cents": "accepted_cents",
    "load_count": "accepted_count",
    "accepted_count": "accepted_count",
}
IN_STATE: Final = {
    "sequence": "copies",
    "crc": "copies",
    "events": "journal",
    "session_count": "journal",
    "shown_session": "journal",
    "order_mac": "seals",
    **{name: name for name in (*COUNT_FIELDS, "accepted_cents")},
    **dict.fromkeys((*SUM_FIELDS, "sheltered_ticks_ms", "powered_from_min"), "sums?"),
    **dict.fromkeys(("last_time_s", "certain_s", "last_ticks_ms"), "saved?"),
    "booked_units": "booked?",
    "limit_units": "sums?",  # of an STS meter, as the next two; `standing` says what they come to
    "since_ms": "saved?",
    "waiting_ms": "saved?",
}
IN_IDENTITY: Final = {"issued_at_min": "stamps", "mac": "seals", "card_number": "card_number"}
IN_DESK_RECORD: Final = {
    "issued_at_min": "stamps",
    "seen_session": "journal",
    "token": "seals",
    "mac": "seals",
    **COMPARED_WITH,
}
IN_WRITE_BACK: Final = {
    field.name: "said"
    for field in WRITE_BACK.fields
    if field.name not in ("magic", "generation", "meter_id")
}
