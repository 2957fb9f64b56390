"""A person at one meter: time and its pace, cards and office, commands, going back. No terminal."""
