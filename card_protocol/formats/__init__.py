"""The contents of cards, one format a file; construct layouts and nothing else."""
