"""Errors a user can act on: one sentence that says what, where and what to do."""

from __future__ import annotations


class PhyMedError(Exception):
    """Base of every error that is shown to the user as one sentence."""


class DatasetError(PhyMedError):
    """A file of the dataset is missing, has the wrong shape or cannot be read."""


class ReadOnlyError(PhyMedError):
    """The dataset or the session does not accept changes."""


class JournalError(PhyMedError):
    """The action journal cannot be written or read."""


class ActionError(PhyMedError):
    """A clustering action that makes no sense now: unknown cluster, nothing to split."""


class FilterError(PhyMedError):
    """A filter expression that cannot be understood."""


class SnippetError(PhyMedError):
    """A snippet line that cannot be run."""


class SaveError(PhyMedError):
    """The curation could not be saved; the journal still holds it."""
