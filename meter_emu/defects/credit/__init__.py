"""Mistakes in the ledger."""
