"""Runs the laws against any program on the ports, and makes a breaking story small."""
