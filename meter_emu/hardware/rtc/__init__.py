"""Real-time clock chips, one module a chip."""
