"""Campaigns, their households and rehearsals; what was promised, and the verdicts."""
