"""Runs the laws against any program on the ports, and makes what breaks one small."""
