"""Dead letters: what they say, and which of them are events by now."""
