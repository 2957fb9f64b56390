"""Households, campaigns, the story of one and of a fleet; what was promised, and the verdicts."""
