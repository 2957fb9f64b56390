"""Sentences of the answer of which one is chosen: of one and of several, whole in each language."""

from types import MappingProxyType
from typing import Final

from meter_emu.languages.speech import marked_of
from meter_emu.world.judge.verdicts import Lived

ALWAYS_SUPPLIED: Final = MappingProxyType(
    {  # by: it goes on; something was announced
        (False, True): marked_of(
            "The household is supplied from beginning to end.",
            "All {count} households are supplied from beginning to end.",
        ),
        (False, False): marked_of(
            "The household is supplied from beginning to end, and nothing announced.",
            "All {count} households are supplied from beginning to end, and nothing announced.",
        ),
        (True, True): marked_of(
            "The household is supplied from beginning to now.",
            "All {count} households are supplied from beginning to now.",
        ),
        (True, False): marked_of(
            "The household is supplied from beginning to now, and nothing announced.",
            "All {count} households are supplied from beginning to now, and nothing announced.",
        ),
    }
)
AT_END: Final = MappingProxyType(
    {  # by the same; `others` are in another state, each with its count, or there are none
        (False, True): marked_of(
            "Of {households}, at the end {count} is supplied{others}",
            "Of {households}, at the end {count} are supplied{others}",
        ),
        (False, False): marked_of(
            "{households}, and nothing announced: at the end {count} is supplied{others}",
            "{households}, and nothing announced: at the end {count} are supplied{others}",
        ),
        (True, True): marked_of(
            "Of {households}, now {count} is supplied{others}",
            "Of {households}, now {count} are supplied{others}",
        ),
        (True, False): marked_of(
            "{households}, and nothing announced: now {count} is supplied{others}",
            "{households}, and nothing announced: now {count} are supplied{others}",
        ),
    }
)
LIVED_OTHERWISE: Final = MappingProxyType(
    {
        Lived.DARK_THOUGH_REACTIVATED: marked_of(
            "{count} was cut though reactivated ({names})",
            "{count} were cut though reactivated ({names})",
        ),
        Lived.DARK_BEFORE: marked_of(
            "{count} was cut or limited {early} before the announced moment ({names})",
            "{count} were cut or limited up to {early} before the announced moment ({names})",
        ),
        Lived.CUT_UNANNOUNCED: marked_of(
            "{count} was cut without an announcement ({names})",
            "{count} were cut without an announcement ({names})",
        ),
        Lived.NOT_GIVEN_BACK: marked_of(
            "{count} was not given the supply back ({names})",
            "{count} were not given the supply back ({names})",
        ),
        Lived.PAID_NEVER_GOT: marked_of(
            "{count} has paid for energy and never got it ({names})",
            "{count} have paid for energy and never got it ({names})",
        ),
        Lived.DARK_THOUGH_PAID: marked_of(
            "{count} was without light that was paid for, {missing} of it ({names})",
            "{count} were without light that was paid for, up to {missing} of it ({names})",
        ),
        Lived.CANNOT_BUY: marked_of(
            "{count} cannot buy energy at the end ({names})",
            "{count} cannot buy energy at the end ({names})",
        ),
        Lived.CANNOT_BE_SAID: marked_of(
            "Of {heard}, {count} cannot be judged ({names})",
            "Of {heard}, {count} cannot be judged ({names})",
        ),
        Lived.STILL_ON: marked_of(
            "{count} was supplied for {late} past the announced cut ({names})",
            "{count} were supplied for up to {late} past the announced cut ({names})",
        ),
        Lived.AS_ANNOUNCED: marked_of(
            "{count} has lived what was announced ({names})",
            "{count} have lived what was announced ({names})",
        ),
        Lived.NOT_ANNOUNCED: marked_of(
            "{count} has heard nothing that was for them ({names})",
            "{count} have heard nothing that was for them ({names})",
        ),
    }
)
