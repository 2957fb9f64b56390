"""The parts of the command `run`: its commands, their session, and two interactive shells."""
