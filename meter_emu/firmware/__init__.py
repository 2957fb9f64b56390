"""The reference program of the meter: small parts on the ports, no time but what the RTC says."""
