"""Kinds of card as carriers of records: one interface, one module for each kind."""
