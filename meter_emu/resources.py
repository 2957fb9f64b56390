"""Where the built-in data files are, and how any data file is read.

In a wheel the files lie inside the package, in a checkout at its top level. Every mistake in a file
ends here as one `ConfigError`: which file, which key, what was expected.
"""

import errno
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, get_args

import msgspec
from msgspec import inspect

from card_protocol.errors import UndecodedError, decoding
from card_protocol.regular_file import open_regular
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint

ResourceKind: TypeAlias = Literal[
    "meters", "devices", "campaigns", "corpus", "layouts", "incidents", "plans", "scopes"
]
# Where a name is looked for as well: a model is a budget meter's, or another device's.
_ALSO: Final[dict[ResourceKind, ResourceKind]] = {"meters": "devices"}
_PACKAGE: Final = Path(__file__).parent
_DATA_ROOTS: Final = (_PACKAGE / "_fixtures", _PACKAGE.parent / "fixtures")
_SUFFIX: Final = ".toml"
# The parser takes memory with the square of a key's parts: 20 kB of dots took 440 MB.
KEY_PARTS_MAX: Final = 16  # ours: our files nest four deep
# Strings and comments. What is not closed ends with its line, or the text: were it no match, each
# quote in it would be looked at again, and 1 MB of `"\\` took minutes. Groups are atomic and not
# possessive: CPython before 3.11.5, which Debian 12 has, goes on at a wrong place after those.
_STRINGS: Final = re.compile(
    r'"""(?>(?:[^"\\]++|\\.|"(?!""))*)(?:"{3,5}|\\?\Z)'
    r"|'''(?>(?:[^']++|'(?!''))*)(?:'{3,5}|\Z)"
    r'|"(?>(?:[^"\\\n]++|\\.)*)"?|\'[^\'\n]*+\'?|#[^\n]*+',
    re.DOTALL,
)
_LONG_KEY: Final = re.compile(rf"(?<![\w-])[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++){{{KEY_PARTS_MAX},}}")
INPUT_SIZE_MAX: Final = 1 << 26  # bytes, ours: a campaign that writes out 100,000 homes fits

RawT = TypeVar("RawT")


def built_in(resource_kind: ResourceKind) -> dict[str, Path]:
    """Return the built-in files of a `resource_kind` by name without suffix, in order."""
    folder = folder_of(resource_kind)
    return {path.stem: path for path in sorted(folder.glob(f"*{_SUFFIX}"))}


def folder_of(resource_kind: ResourceKind) -> Path:
    """Return where the built-in files of a kind are."""
    assert resource_kind in get_args(ResourceKind), "no such kind of file"
    there = (root / resource_kind for root in _DATA_ROOTS)
    return next((folder for folder in there if folder.is_dir()), _DATA_ROOTS[-1] / resource_kind)


def find(resource_kind: ResourceKind, name_or_path: str, *, folder: Path | None = None) -> Path:
    """Return the file that is meant: a path that exists, else a built-in name.

    Args:
        resource_kind: Which built-in files: `campaigns`, `meters`, `incidents`, ...
        name_or_path: A built-in name, with or without `.toml`, or a path.
        folder: Where a path begins, for names in a file; by default the working folder.

    Raises:
        ConfigError: It is neither; the error lists the built-in names.
    """
    path = Path(name_or_path) if folder is None else folder / name_or_path
    if name_or_path and _is_there(path):
        return path
    known = built_in(resource_kind)
    if resource_kind in _ALSO:
        known |= built_in(_ALSO[resource_kind])
    found = known.get(name_or_path.removesuffix(_SUFFIX))
    if found is None:
        raise ConfigError(
            name_or_path or "(empty name)",
            "",
            f"no such file, and none of the built-in {resource_kind}: "
            f"{', '.join(known) or '(none)'}" + hint(name_or_path, known),
        )
    return found


def _is_there(path: Path) -> bool:
    """Whether there is such a file, or may be: then reading it says what is wrong."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):  # no permission, too long a name, a zero byte in it
        return True
    return True


def read_file(path: str | Path) -> bytes:
    """Return a regular file's contents; raise `OSError`, also for one that is too large."""
    with open_regular(path) as opened:
        raw = opened.read(INPUT_SIZE_MAX + 1)
    if len(raw) > INPUT_SIZE_MAX:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return raw


def read_toml(path: Path, into: type[RawT]) -> RawT:
    """Return the file as an `into`; raise `ConfigError` for whatever is wrong with it."""
    return typed(read_table(path), into, path=str(path))


def read_table(path: Path) -> dict[str, Any]:
    """Return what a TOML file has; raise `ConfigError` for what cannot be read, or is no TOML."""
    text = ""
    try:
        raw = read_file(path)
        with decoding():
            text = raw.decode("utf-8-sig").replace("\r\n", "\n")
            data = toml_of(text)
    except IsADirectoryError:
        raise ConfigError(str(path), "", "is a directory, expected a TOML file") from None
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from None
    except UndecodedError as error:
        from meter_emu.toml_typos import toml_typo  # whose patterns cost each command 5 ms

        typo = toml_typo(text, str(error))
        where, why = ("", error) if typo is None else (typo.place, typo.why)
        if path.suffix.lower() != ".toml":  # perhaps of another kind: nothing of it is shown
            raise ConfigError(str(path), where, "is not valid TOML") from None
        raise ConfigError(str(path), where, f"is not valid TOML: {why}", typo) from None
    return data


def toml_of(text: str) -> dict[str, Any]:
    """Parse TOML; raise `ValueError` for invalid TOML, or if it would take memory without end."""
    found = _LONG_KEY.search(_STRINGS.sub("q", text))
    if found is not None:
        raise ValueError(f"a key of more than {KEY_PARTS_MAX} parts: {found[0][:20]}…")
    data = tomllib.loads(text)
    for said in _texts(data):
        found = _STEERS.search(said)
        if found is not None:
            raise ValueError(f"text with the character U+{ord(found[0]):04X}")
    return data


def _texts(data: object) -> Iterator[str]:
    """Yield every key and every text in what was parsed, however deep it lies."""
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def typed(data: Mapping[str, Any], into: type[RawT], *, path: str) -> RawT:
    """Return what was written as an `into`; `path` says where, in the `ConfigError` if it fails."""
    try:
        return msgspec.convert(data, into, builtin_types=(datetime, date, time))
    except msgspec.ValidationError as error:
        at, key, why = _explain(str(error), into)
        raise ConfigError(path, _in_words(at, key, data), why) from None


# A date and time of a file, and a day, as a schema says it: a TOML file has them without quotes.
FileTime: TypeAlias = Annotated[
    datetime,
    msgspec.Meta(
        extra_json_schema={
            "pattern": r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)?$",
            "examples": ["2020-07-03T23:01:00"],
        }
    ),
]
FileDay: TypeAlias = Annotated[
    date,
    msgspec.Meta(extra_json_schema={"pattern": r"^\d{4}-\d\d-\d\d$", "examples": ["2020-07-03"]}),
]


def means(text: str) -> msgspec.Meta:
    """Return what a key of a file, or of JSON, is for: its schema says it."""
    return msgspec.Meta(description=text)


_ANY: Final = "[...]"  # as msgspec says a value of a table whose keys are its author's
_PLACE: Final = re.compile(r"([^.\[\]]+)((?:\[(?:\d+|\.\.\.)\])*)")
_INDEX: Final = re.compile(r"\[(\d+)\]")
# What one of a list of tables is called; any other list keeps its name.
_ONE_OF: Final = {"visits": "visit", "outages": "outage"}


def _in_words(at: str, key: str, data: object) -> str:
    """Return `a[0].b[1]` as the file's author sees it: by id or name, or counted from 1.

    `key` comes last: it is the author's own, and may have any characters.
    """
    places: list[str] = []
    rest: list[str] = []
    for one, indices in _PLACE.findall(at):
        name = one
        data = data.get(name) if isinstance(data, dict) else None
        for index in _INDEX.findall(indices):
            data = data[int(index)] if isinstance(data, list) else None
            called = data.get("id", data.get("name")) if isinstance(data, dict) else None
            named = repr(called) if isinstance(called, str) else str(int(index) + 1)
            name = f"{_ONE_OF.get(name, name)} {named}"
        if indices.endswith(_ANY):
            data = None
        if name == one:
            rest.append(name)
        else:  # of a table that is in another: that comes first
            places.append(".".join([*rest, name]))
            rest.clear()
    rest += [key] if key else []
    return ": ".join(part for part in (", ".join(places), ".".join(rest)) if part)


# Controls but tab and new line, what turns the direction of writing, invisible signs, tags.
_STEERS: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
# For msgspec: no control characters, so that what a file names cannot steer a terminal.
PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f]*\Z"
_AT: Final = re.compile(r"^(?P<why>.*?)(?: - at `(?P<at>.*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_MISSING: Final = re.compile(r"^Object missing required field `(?P<name>.*)`$", re.DOTALL)
_WANTED: Final = re.compile(r"^Expected `(?P<want>[^`]*)`(?P<more>.*?)(?:, got `(?P<got>.*)`)?$")
_TYPES: Final = {
    "int": "a whole number",
    "float": "a number with a point",
    "str": "text",
    "bool": "true or false",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time",
    "array": "a list",
    "object": "a table",
}
_CONDITIONS: Final = {f" matching regex {PRINTABLE!r}": " without control characters"}
_NO_MEMBER: Final = re.compile(r"^Invalid enum value (?P<name>'.*')$", re.DOTALL)


def _explain(message: str, root: type) -> tuple[str, str, str]:
    """Turn what msgspec says into the place, the author's key in it if any, and the reason."""
    match = _AT.match(message)
    assert match is not None, "the pattern matches any text"
    why, at = match["why"], (match["at"] or "$").removeprefix("$").removeprefix(".")
    if named := _UNKNOWN.match(why):
        near = hint(named["name"], _fields(root))
        return at, named["name"], f"unknown key{near}"
    if named := _MISSING.match(why):
        return at, named["name"], "is missing"
    if named := _NO_MEMBER.match(why):
        members = _members(_fields(root)[re.sub(r"\[.*?\]", "", at).rpartition(".")[2]])
        near = hint(named["name"].strip("'"), members)
        return at, "", f"expected one of {', '.join(members)}, got {named['name']}{near}"
    if wanted := _WANTED.match(why):
        got = f", got {_one_word(wanted['got'])}" if wanted["got"] else ""
        more = _CONDITIONS.get(wanted["more"], wanted["more"])
        return at, "", f"expected {_words(wanted['want'])}{more}{got}"
    return at, "", why[:1].lower() + why[1:].replace("`", "")


def _words(types: str) -> str:
    """Return what msgspec calls `int | str | null` as a person does, without the null: no key."""
    return " or ".join(_one_word(name) for name in types.split(" | ") if name != "null")


def _one_word(name: str) -> str:
    return _TYPES.get(name, name)


def _fields(root: type) -> dict[str, inspect.Type]:
    """Return every key of `root` and of the structs inside it, with its type."""
    fields: dict[str, inspect.Type] = {}
    waiting: list[inspect.Type] = [inspect.type_info(root)]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, inspect.StructType):
            fields |= {field.encode_name: field.type for field in kind.fields}
            waiting += [field.type for field in kind.fields]
        else:
            waiting += _inside(kind)
    return fields


def _members(key_type: inspect.Type) -> list[str]:
    """Return the words a field may hold."""
    if isinstance(key_type, inspect.LiteralType):
        return [str(value) for value in key_type.values]
    if isinstance(key_type, inspect.EnumType):
        return [str(member.value) for member in key_type.cls]
    return [word for inner in _inside(key_type) for word in _members(inner)]


def _inside(key_type: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the types that a union, a list or a described type is made of."""
    if isinstance(key_type, inspect.UnionType):
        return key_type.types
    if isinstance(key_type, inspect.Metadata):
        return (key_type.type,)
    return (key_type.item_type,) if isinstance(key_type, inspect.ListType) else ()
