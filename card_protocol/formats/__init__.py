"""What is stored on cards, one format a file; construct layouts and nothing else."""
