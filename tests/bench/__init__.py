"""Speed, each row with its target next to it: `python -m tests.bench`, or `make bench`.

Nothing here is asserted: a busy machine is no defect. Rows that have a peer give the ratio of both,
measured in the same run; the others give a time, and their targets hold for the machine of design.
"""
