"""Files to arrays and back; the only layer that knows file names."""
