"""A meter and its observer: board, bench, builds, images, events. Knows no campaign."""
