"""The planner's desk: from an operator's sheet to who is without supply the morning after."""
