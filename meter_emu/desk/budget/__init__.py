"""The budget card at the office: what is on one, field by field."""
