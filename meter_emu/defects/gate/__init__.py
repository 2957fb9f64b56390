"""Mistakes in which orders are obeyed."""
