"""Says what every byte of a meter image means, for people."""
