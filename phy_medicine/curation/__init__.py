"""Curation as pure data: which spike is in which cluster, what clusters are called, and what comes next."""
