"""What others did to a dataset between its opening and the first action: a journal must begin on what is on disk."""

from __future__ import annotations

from phy_medicine.base.errors import DatasetError, JournalError, ReadOnlyError
from phy_medicine.io.durable import reason
from phy_medicine.io.journal_reader import journals, read_journal, unsaved_work
from phy_medicine.io.model import Model, Saver


class Meanwhile:
    """Looks before a journal is begun; whoever writes holds the lock by then.

    journals : those there were at opening
    """

    def __init__(self, model: Model, saver: Saver) -> None:
        self._model = model
        self._saver = saver
        self.journals = frozenset(journals(model.dir_path))
        self._looked = False

    def check(self) -> None:
        """Refuse to begin a journal that could not be recovered, or that would hide the one of another.

        Raises
        ------
        ReadOnlyError : somebody changed the labels, or left unsaved work, since the dataset was opened
        JournalError : the labels cannot be read
        """
        self._check_labels()
        if not self._looked:
            self._check_unsaved()
        self._looked = True

    def _check_labels(self) -> None:
        try:
            name = self._saver.labels_changed()
        except (OSError, DatasetError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error).rstrip(".")
            raise JournalError(f"The labels cannot be read ({why}), so nothing was changed; try again.") from None
        if name:
            raise ReadOnlyError(
                f"{name} changed on disk since this dataset was opened, so nothing is changed here; open it again."
            )

    def _check_unsaved(self) -> None:
        model = self._model
        offered = unsaved_work(model.dir_path, model.labels_hash(), model.labels_name).offered
        if offered is not None and offered not in self.journals:
            owner = read_journal(offered).header
            raise ReadOnlyError(
                f"{owner.user} on {owner.host} left unsaved work on {model.name} since it was opened here; open it "
                "again to recover that, or to discard it."
            )
