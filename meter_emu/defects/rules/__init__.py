"""In the rules of the meter: what is due, what is done first, when to look again."""
