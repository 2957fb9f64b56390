"""Explains every byte of a meter image, for people."""
