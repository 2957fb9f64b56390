"""Tokens that a customer types into a prepayment meter: numbers in, records out, no meter here."""
