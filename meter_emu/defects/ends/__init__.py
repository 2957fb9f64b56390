"""Mistakes in how an end is kept and compared."""
