"""Runs the laws against any program on the ports, and makes a breaking story small.

What `__all__` names is public.

Examples:
    A program that reads "until 3 July 23:01" as a day earlier:

    >>> from meter_emu.verify import verify
    >>> report = verify("reference+end-exclusive", law_ids=["never-early"], examples=20)
    >>> [one.law.id for one in report.examined if one.broken]
    ['never-early']
"""

from meter_emu.verify.report import Counterexample, Examined, Report
from meter_emu.verify.run import verify

__all__ = ["Counterexample", "Examined", "Report", "verify"]
