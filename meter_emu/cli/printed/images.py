"""What `image` prints as JSON."""

from typing import Annotated

from meter_emu.cli.printed.base import Printed
from meter_emu.cli.printed.byte_results import PartShownJson
from meter_emu.resources import means


class ImageNewJson(Printed, tag="image-new/1"):
    """A new meter's memory."""

    file: str
    model: Annotated[str, means("the name in the model file")]
    meter: Annotated[int, means("the meter's number")]
    size_bytes: int


class ImageShownJson(Printed, tag="image-show/1"):
    """A meter's memory explained."""

    file: str
    model: Annotated[str, means("the name in the model file")]
    meter: Annotated[int | None, means("the meter's number, if it was installed")]
    size_bytes: int
    sound: Annotated[bool, means("whether nothing in it is wrong")]
    parts: tuple[PartShownJson, ...]
