"""Rehearsals: from a campaign file to households, from one household's story to a whole fleet."""
