"""Runs the laws against any program on the ports, and makes a breaking story small.

What `__all__` names is public.
"""

from meter_emu.verify.report import Counterexample, Examined, Report
from meter_emu.verify.run import verify

__all__ = ["Counterexample", "Examined", "Report", "verify"]
