"""Somebody else's bytes: what a timestamp may mean, where dates lie in a dump, layouts in files."""
