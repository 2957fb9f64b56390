"""Keys of tokens on the command line: files of hex digits, none of which is ever shown."""

from card_protocol.regular_file import open_regular
from meter_emu.errors import ConfigError


def read_key_file(file: str, sizes_bytes: tuple[int, ...]) -> bytes:
    """Return the key in a file of hex digits; raise `ConfigError` without showing a digit."""
    digits = tuple(2 * size for size in sizes_bytes)
    wanted = f"expected a key of {' or '.join(map(str, digits))} hex digits"
    try:
        with open_regular(file) as opened:
            text = opened.read(4 * max(digits)).decode("ascii").strip()
        if len(text) not in digits:
            raise ConfigError(file, "", f"{wanted}, got {len(text)} characters")
        return bytes.fromhex(text)
    except OSError as error:
        raise ConfigError(file, "", (error.strerror or str(error)).lower()) from error
    except ValueError:  # neither ASCII nor hex; the text itself stays out of the message
        raise ConfigError(file, "", wanted) from None
