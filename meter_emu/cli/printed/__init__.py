"""What commands print as JSON, a struct each: the schemas of `meter-emu schema` are these types."""
