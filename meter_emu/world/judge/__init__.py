"""The judge: what was promised, what the meter did and stated, and the verdict.

It is given events, and never looks at how they came about: it imports nothing of `world.rehearsal`.
"""
