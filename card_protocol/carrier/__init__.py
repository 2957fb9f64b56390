"""What a terminal keeps records on: one interface, one module a kind of card."""
