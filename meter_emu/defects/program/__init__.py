"""In the program round the rules: its order, and how it sets its clock."""
