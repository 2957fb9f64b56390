"""The terminal's view of a card, wherever it is: one protocol, one module a kind of link."""
