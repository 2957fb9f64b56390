"""The digits of an OpenPAYGO token as they are typed: all ten, or 1 to 4 on small keypads."""

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import EXTENDED, STANDARD, PaygoForm


def keyed(code: int, form: PaygoForm, *, restricted: bool) -> str:
    """Return the digits of a code; restricted, each is two bits of it and one more."""
    if not restricted:
        return f"{code:0{form.digits}}"
    count = form.restricted_digits
    return "".join(str((code >> 2 * at & 3) + 1) for at in range(count - 1, -1, -1))


def read_digits(text: str, *, restricted: bool) -> tuple[int, PaygoForm]:
    """Return a token's code and its form, which its length tells.

    Raise `TokenError` for another length, another character, or a number that is no code.
    """
    sizes = {_size(form, restricted=restricted): form for form in (STANDARD, EXTENDED)}
    if len(text) not in sizes:
        standard, extended = sizes
        wanted = f"expected {standard} (standard) or {extended} (extended)"
        raise TokenError("digits", f"{wanted}, got {len(text)}")
    form, allowed = sizes[len(text)], "1234" if restricted else "0123456789"
    for place, one in enumerate(text, 1):
        if one not in allowed:
            why = f"character {place} is {one!r}, expected {allowed[0]} to {allowed[-1]}"
            raise TokenError("digits", why)
    if not restricted:
        return int(text), form
    code = 0
    for one in text:
        code = code << 2 | int(one) - 1
    if code > form.code_max:
        raise TokenError("range", f"{text} stands for {code}, above {form.code_max}")
    return code, form


def _size(form: PaygoForm, *, restricted: bool) -> int:
    return form.restricted_digits if restricted else form.digits
