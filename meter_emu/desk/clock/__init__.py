"""The clock card of a technician: how it is made, what is on one."""
