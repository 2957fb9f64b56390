"""Stories of households, drawn where date bugs live: each story is a campaign that can be run."""
