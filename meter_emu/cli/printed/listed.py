"""What `list` prints as JSON."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from meter_emu.cli.printed.base import Printed, Shape
from meter_emu.resources import means


class NamedJson(Shape):
    """A thing that has a name."""

    name: str
    says: Annotated[str, means("what it is, in a few words")]


class ListedJson(Printed, tag="list/1"):
    """All names of one kind: the key is the kind."""

    defects: tuple[NamedJson, ...] | UnsetType = UNSET
    laws: tuple[NamedJson, ...] | UnsetType = UNSET
    models: tuple[NamedJson, ...] | UnsetType = UNSET
    campaigns: tuple[NamedJson, ...] | UnsetType = UNSET
    scopes: tuple[NamedJson, ...] | UnsetType = UNSET
    acts: tuple[NamedJson, ...] | UnsetType = UNSET
    plans: tuple[NamedJson, ...] | UnsetType = UNSET
    builds: tuple[NamedJson, ...] | UnsetType = UNSET
    codecs: tuple[NamedJson, ...] | UnsetType = UNSET
    layouts: tuple[NamedJson, ...] | UnsetType = UNSET
    platforms: tuple[NamedJson, ...] | UnsetType = UNSET
