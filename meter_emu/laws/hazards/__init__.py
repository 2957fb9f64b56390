"""Hazards: situations that random search does not meet, each drawn in stories of its own.

A part each: how it is drawn, and its law: in it every promise is kept. Where a clock has to
tick at one point of the program, the home is run once to see when the program is there (`placing`),
and once more with the tick at that point.
"""
