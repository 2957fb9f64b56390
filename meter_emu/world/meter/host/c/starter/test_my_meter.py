"""The program on the bench of pytest: `pytest --meter-firmware ./my_meter` in this folder."""

from meter_emu.pytest_laws import test_law

__all__ = ["test_law"]
