"""Card dialogues, one file a card format."""
