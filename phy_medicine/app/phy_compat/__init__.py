"""The names of phy and phylib that plugins use, backed by the session; see `docs/plugins.md`."""
