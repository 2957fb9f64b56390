"""Households and campaigns as data: who has which meter, what people do, and what was announced."""
