"""Chips against their data sheets and against oracles that share nothing with them."""
