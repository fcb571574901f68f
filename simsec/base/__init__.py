"""What every room stands on: errors, the clock, whole files and hashes."""
