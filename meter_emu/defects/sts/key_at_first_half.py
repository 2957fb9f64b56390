"""The key is taken at its first half."""

from card_protocol.tokens.sts.fields import KeyPart, StsKeySection
from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsEffects


@Defect(
    mechanism="a key that is put together of one half and of what lies where the other belongs",
    effect=Effect.NOT_CREDITED,
    law="half-a-set",
    shown=energy_bought(
        "2024-03-01 18:00",
        sold=(
            "2024-03-01 09:00 wh 3000",
            "2024-03-01 09:10 key 2014 3",
        ),
        visits=("2024-03-01 09:20 token 2-1", "2024-03-01 09:30 token 1"),
        credit_wh=2000,
    ),
    blind="households that key both halves in",
    seen="a message that takes over what was left of another one's parts (gh:daeuniverse/honk#163)",
    avoid="change nothing until each part is there",
)
class KeyAtFirstHalf(StsEffects):
    def complete(self, sections: dict[int, StsKeySection], *, long_key: bool) -> bool:
        if 1 in sections:
            sections.setdefault(2, StsKeySection(2, 0xF01, KeyPart(bytes(4))))
        return super().complete(sections, long_key=long_key)
