"""STS tokens of 20 digits (IEC 62055-41): one file a step between the digits and the record."""
