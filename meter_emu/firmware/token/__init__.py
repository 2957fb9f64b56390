"""Programs of devices that obey typed tokens: clock drivers and trust are called, no more is."""
