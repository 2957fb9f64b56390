"""Hazards: situations that random search does not meet, each drawn in stories of its own.

Each has its draw and its law: in it every promise is kept. If a clock has to tick at one point of
the program, the story is run once to see when the program is there (`placing`), and once more with
the tick at that point.
"""
