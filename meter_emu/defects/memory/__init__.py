"""In what is remembered: two copies, and which of them is newer."""
