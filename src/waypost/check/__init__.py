"""What is really published, against what should be."""
