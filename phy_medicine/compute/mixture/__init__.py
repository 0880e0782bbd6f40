"""Explicit mixture models of spikes: features, fits, assignments, and the registry of fits."""
