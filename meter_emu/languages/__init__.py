"""What a planner and a board read, in their language: catalogues, and how dates and numbers look.

`fr.po` and `nl.po` are made by `make languages` and written by us; `gettext` reads the compiled
ones next to them. No native speaker has read them yet.
"""
