"""A technician's clock card: how it is made, and its contents."""
