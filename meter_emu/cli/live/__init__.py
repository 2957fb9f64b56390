"""What the verb `run` is made of: commands, the session they act on, and two ways to sit at it."""
