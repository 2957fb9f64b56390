"""Laws of devices that obey typed tokens, of time and of energy."""
