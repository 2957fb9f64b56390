"""True time and everything outside the meter: households, visits, campaigns, promises, verdicts."""
