"""Virtual cards where programs look for real ones: one module for each way."""
