"""The report of a rehearsal: data in, the text of one HTML page out; no clock, file or printing."""
