"""Stories of households, drawn where date bugs are likely: each is a campaign that can be run."""
