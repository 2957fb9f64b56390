"""What all JSON of the command line shares: name and version of its schema, dates, descriptions.

A version counts up when a key goes or changes its meaning; a new key leaves it as it is, so who
reads JSON passes over keys that he does not know.
"""

from typing import Annotated, Final, TypeAlias, TypeVar

from msgspec import UNSET, Meta, Struct, convert

_INSTANT: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$"
_MINUTE: Final = r"^\d{4}-\d\d-\d\d \d\d:\d\d$"
_HEX: Final = r"^([0-9a-f]{2})*$"


IsoInstant: TypeAlias = Annotated[
    str, Meta(pattern=_INSTANT, extra_json_schema={"format": "date-time"})
]
LegalMinute: TypeAlias = Annotated[str, Meta(pattern=_MINUTE)]
HexText: TypeAlias = Annotated[str, Meta(pattern=_HEX)]


class Shape(Struct):
    """A table inside of what is printed."""


class Printed(Struct, tag_field="schema"):
    """All that one command prints; `schema` has its name and version, such as `card-show/1`."""


_ShapeT = TypeVar("_ShapeT", bound=Struct)


def shaped(found: object, into: type[_ShapeT], **own: object) -> _ShapeT:
    """Return a shape of the attributes of `found`, of its parts too; what is its `own` is given.

    An attribute that `found` lacks is one that the shape need not have.
    """
    names = into.__struct_fields__
    held = (own[name] if name in own else getattr(found, name, UNSET) for name in names)
    keys = zip(into.__struct_encode_fields__, held, strict=True)
    return convert({key: one for key, one in keys if one is not UNSET}, into, from_attributes=True)


def name_of(shape: type[Printed]) -> str:
    """Return the name of a schema without its version."""
    tag = shape.__struct_config__.tag
    assert isinstance(tag, str), "what is printed has a name"
    return tag.partition("/")[0]
