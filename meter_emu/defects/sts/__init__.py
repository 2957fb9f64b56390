"""STS meters: TIDs, keys in halves, energy."""
