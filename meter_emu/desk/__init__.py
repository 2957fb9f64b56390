"""The office: issues cards, loads credit, writes orders, reads the meter's results back."""
