"""OpenPAYGO tokens of solar home systems: a chain of hashed codes, and a counter against replay."""
