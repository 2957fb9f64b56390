"""A program in an executable, in processes of its own: what starts it, what carries its calls."""
