"""In what a device does with tokens: which counts were used, and until when time is paid for."""
