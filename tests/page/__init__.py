"""The page without install: `python -m tests.page` builds it."""
