"""The office: issue a card, load credit, write orders, read back what the meter did."""
