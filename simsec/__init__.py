"""simsec."""
