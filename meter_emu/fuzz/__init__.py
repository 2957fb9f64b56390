"""Fuzzing: inputs by the thousand a second, oracles that say what must hold of each.

A target is one function of bytes (`targets/`). A worker process feeds it, guided by coverage where
atheris is there, else by a seeded mutator; what fails becomes a file that can be played again.
"""
