"""What targets that make code for processors share: the description of a processor."""
