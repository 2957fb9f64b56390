"""The program in a browser page: what its worker calls, and no more."""
