"""The reference program of the meter: small parts on the ports; its only time is the RTC's."""
