"""Where a chip's alarms are: fields in registers, and the bits by which each is used.

Alarms do not fire in the model; the registers show the driver's settings.
"""

from typing import Final, NamedTuple, TypeAlias, final


@final
class AlarmField(NamedTuple):
    """One field of an alarm: `what` is second, minute, hour, day, weekday or month.

    It is used when, for each `(register, mask, values)`, the masked bits are one of the values.
    """

    what: str
    register: int
    mask: int
    used: tuple[tuple[int, int, tuple[int, ...]], ...]

    def is_used(self, registers: bytes) -> bool:
        """Whether the alarm waits for this field."""
        return all(registers[at] & mask in values for at, mask, values in self.used)


Alarm: TypeAlias = tuple[AlarmField, ...]
_OFF: Final = 0x80  # the topmost bit of a field's own register: the alarm does not wait for it


def field(what: str, register: int, mask: int) -> AlarmField:
    """Return a field with an enable bit of its own, 0 when it is used."""
    return AlarmField(what, register, mask, ((register, _OFF, (0,)),))


def day_or_weekday(register: int) -> Alarm:
    """Return the two fields that share a register of Maxim's: DY/DT says which it holds."""
    return tuple(
        AlarmField(what, register, mask, ((register, _OFF, (0,)), (register, 0x40, (chosen,))))
        for what, mask, chosen in (("day", 0x3F, 0), ("weekday", 0x0F, 0x40))
    )


# MCP7940N data sheet, Register 5-12: what ALMxMSK compares; 7 is all of them.
_MCP_MODES: Final = {"second": 0, "minute": 1, "hour": 2, "weekday": 3, "day": 4, "month": 7}
_MCP_ALL: Final = 7


def masked(at: int) -> Alarm:
    """Return the fields of an alarm of Microchip's, whose ALMxMSK chooses one of them or all."""
    masks = {"second": 0x7F, "minute": 0x7F, "hour": 0x3F, "weekday": 0x07, "day": 0x3F,
             "month": 0x1F}  # fmt: skip
    return tuple(
        AlarmField(
            what,
            at + place,
            mask,
            ((at + 3, 0x70, tuple(dict.fromkeys((_MCP_MODES[what] << 4, _MCP_ALL << 4)))),),
        )
        for place, (what, mask) in enumerate(masks.items())
    )
