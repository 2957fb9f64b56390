"""The package's laws on the reference, every model in every base: each law is a test.

`--meter-stories N` asks them of more; `make test-laws` asks of 20,000.
"""

import pytest

from meter_emu.pytest_laws import test_law

__all__ = ["test_law"]

pytestmark = pytest.mark.slow("lives the stories of a law", short=12)
