"""Clock drivers and date routines alone: a bench, laws, and what breaks them."""
