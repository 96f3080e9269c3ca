"""Models that turn pictures and words into vectors of one space."""
