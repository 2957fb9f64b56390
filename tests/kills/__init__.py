"""Programs killed, stopped and refused while they write files: nothing lost, nothing left."""
