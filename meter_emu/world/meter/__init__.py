"""A meter and what is seen of it: board, bench, builds, images, events. Knows no campaign."""
