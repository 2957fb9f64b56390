"""The front of the meter: display, lamps, latched buttons, keypad, buzzer.

`ours:` a character display of 64 places, as the ports promise; nothing of it survives a power cut.
"""

from typing import Final

from meter_emu.ports import Button, Lamp

TEXT_CHARS_MAX: Final = 64
ENTRY_DIGITS_MAX: Final = 32  # ours: the longest token that is keyed in has 20
_DARK: Final = Lamp(0)
_NO_BUTTON: Final = Button(0)


class Panel:
    """What a person in front of the meter sees, hears and presses."""

    __slots__ = ("_held_ms", "_keys", "beep_count", "entry", "lamps", "text")

    def __init__(self) -> None:
        self.text = ""
        self.lamps = _DARK
        self.beep_count = 0
        self.entry = b""  # the digits that were entered and are not done yet
        self._keys = _NO_BUTTON
        self._held_ms: dict[Button, int] = {}

    def show(self, text: str) -> None:
        """Show text; what the display cannot show is `?`, what does not fit is dropped."""
        shown = text[:TEXT_CHARS_MAX]
        if not (shown.isascii() and shown.isprintable()):
            shown = "".join(char if " " <= char <= "~" else "?" for char in shown)
        self.text = shown

    def beep(self) -> None:
        """Sound the buzzer once more; it is only counted."""
        self.beep_count += 1

    def press(self, key: Button, held_ms: int = 0) -> None:
        """Let go of a button that was held so long; the press stays latched until taken."""
        self._keys |= key
        self._held_ms[key] = held_ms

    def held_ms(self, key: Button) -> int:
        """Return how long a button was held at its last press."""
        return self._held_ms.get(key, 0)

    @property
    def pressed(self) -> Button:
        """The presses that are waiting to be taken."""
        return self._keys

    def take_keys(self) -> Button:
        """Return the buttons pressed since the last call, and clear them."""
        keys = self._keys
        self._keys = _NO_BUTTON
        return keys

    def enter(self, digits: bytes) -> None:
        """Key digits in and enter them; a keypad takes none before the last are done."""
        assert 0 < len(digits) <= ENTRY_DIGITS_MAX, "an entry has digits"
        self.entry = self.entry or digits

    def lose_power(self) -> None:
        """Blank the display and forget buttons and keys; the observer's count of beeps stays."""
        self.text = ""
        self.lamps = _DARK
        self.entry = b""
        self._keys = _NO_BUTTON
        self._held_ms.clear()
