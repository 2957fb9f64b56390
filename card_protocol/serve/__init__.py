"""A virtual card put where programs look for real ones: one module a way of doing that."""
