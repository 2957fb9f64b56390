"""A digest is the same for the same meter, and another where one call of a port is."""

from meter_emu.stories.around_t import around_t
from meter_emu.stories.story import models
from tests.bench.digest import digest_of


def test_a_meter_that_does_otherwise_has_another_digest() -> None:
    kit = next(kit for kit in models() if kit.model.rtc == "ds3231")
    builds = ("reference", "reference", "reference+seconds-dropped")
    first, again, other = (digest_of(iter([around_t]), 1, [kit], build) for build in builds)
    assert first == again
    assert first != other
