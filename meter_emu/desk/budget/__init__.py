"""The budget card at the office: its contents, field by field."""
