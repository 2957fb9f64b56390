"""What must hold of the board's own parts, each against a plain model of what its sheet says."""
