"""What somebody looks at, in the fragment of a link: a command, its files, and what was done then.

No browser sends a fragment to a server. What comes in one is data of a stranger: it is bounded and
checked here, and who opens it runs it only where nothing can come to harm, in the page.
"""

import hashlib
import re
import shlex
import zlib
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Final, NamedTuple, final
from urllib.parse import parse_qsl, urlencode

from meter_emu.errors import CommandError

LINK_VERSION: Final = "1"
LINK_CHARS_MAX: Final = 8_000  # ours: what chats and mail programs leave whole
_FILE_BYTES_MAX: Final = 1 << 20  # ours: of one file, unpacked
_FIELDS_MAX: Final = 8  # ours: version, command, acts, and some files
_FILE_NAME: Final = re.compile(r"\w[\w.-]{0,99}")
_DAMAGED: Final = "the link is damaged: what it shows could not be read from it"


@final
class Scene(NamedTuple):
    """A command line without `meter-emu`, the files that it names, and lines typed at its meter."""

    words: tuple[str, ...]
    files: Mapping[str, bytes] = {}
    acts: str = ""


def link_of(scene: Scene) -> str:
    """Return the fragment that shows a scene, `#` with it; empty for one that is too long.

    A campaign goes with its link. What is too long, and what may have keys or names of households
    in it, as an image or a sheet, is there by its name and hash alone.
    """
    for whole in (True, False):
        files = [
            ("file", f"{name}:{hashlib.sha256(data).hexdigest()}:{packed}")
            for name, data in scene.files.items()
            for packed in [_packed(data) if whole and name.endswith(".toml") else ""]
        ]
        fields = [("v", LINK_VERSION), ("do", shlex.join(scene.words)), *files]
        if scene.acts:  # last, as those of a sitting grow
            fields.append(("acts", urlsafe_b64encode(scene.acts.encode()).decode().rstrip("=")))
        link = "#" + urlencode(fields, safe=":")
        if len(link) <= LINK_CHARS_MAX:
            return link
    return ""


def scene_of(link: str) -> Scene:
    """Return what a link shows; raise `CommandError` for one that cannot be shown as it was."""
    if len(link) > LINK_CHARS_MAX:
        raise CommandError(f"the link is longer than {LINK_CHARS_MAX:,} characters")
    try:
        pairs = parse_qsl(link.removeprefix("#"), strict_parsing=True, max_num_fields=_FIELDS_MAX)
        fields = dict(pairs)
        if fields.get("v", LINK_VERSION) != LINK_VERSION:
            raise CommandError("the link is of another version of meter-emu")
        words = tuple(shlex.split(fields["do"]))
        acts = _base64(fields.get("acts", "")).decode()
    except (ValueError, KeyError, Base64Error):
        raise CommandError(_DAMAGED) from None
    if not words or not all(line.isprintable() for line in (*words, *acts.splitlines())):
        raise CommandError(_DAMAGED)
    return Scene(words, dict(_file(text) for key, text in pairs if key == "file"), acts)


def _file(text: str) -> tuple[str, bytes]:
    name, _, rest = text.partition(":")
    sha256, _, packed = rest.partition(":")
    if _FILE_NAME.fullmatch(name) is None:
        raise CommandError(_DAMAGED)
    if not packed:
        why = "it did not go with the link. Ask who sent it for the file itself"
        raise CommandError(f"{name}: {why}, SHA-256 {sha256[:64]}")
    unpacked = zlib.decompressobj()
    try:
        data = unpacked.decompress(_base64(packed), _FILE_BYTES_MAX)
    except (zlib.error, ValueError):
        raise CommandError(_DAMAGED) from None
    if not unpacked.eof or hashlib.sha256(data).hexdigest() != sha256:
        raise CommandError(_DAMAGED)
    return name, data


def _packed(data: bytes) -> str:
    return urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def _base64(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
