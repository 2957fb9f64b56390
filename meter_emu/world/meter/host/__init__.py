"""A program in an executable, in processes of its own: how it is started and its calls carried."""
