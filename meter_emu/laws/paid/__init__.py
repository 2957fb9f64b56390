"""Laws of a device that is supplied until the time that was paid for is over."""
