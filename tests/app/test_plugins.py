"""The book of plugins, with plugins of our own: states, failures, switching, choices that last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from phy_medicine.app.plugin_finder import PluginWish
from phy_medicine.app.plugins import PluginBook
from phy_medicine.base.errors import ActionError
from phy_medicine.session.session import Session

GOOD = '''
from phy_medicine.session.extensions import Metric

class Good:
    """Counts spikes."""
    def attach(self, session):
        session.extensions.metrics.add(Metric("twice", lambda c: 2 * len(session.data.spikes(c))))

class GoodPlugin(Good):
    """Counts spikes."""
'''
BROKEN_IMPORT = "import surely_not_there_x\nclass BrokenImportPlugin(object): pass"
BROKEN_ATTACH = """
from phy_medicine.session.extensions import Metric

class BrokenAttachPlugin(object):
    def attach(self, session):
        session.extensions.metrics.add(Metric("left", int))
        raise RuntimeError("not today")
"""
MakeBook = Callable[..., PluginBook]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "good_x.py").write_text(GOOD)
    (folder / "import_x.py").write_text(BROKEN_IMPORT)
    (folder / "attach_x.py").write_text(BROKEN_ATTACH)
    return folder


@pytest.fixture
def session(dataset: Path):
    session = Session.open(dataset)
    yield session
    session.close()


@pytest.fixture
def make_book(session: Session, folder: Path, tmp_path: Path, monkeypatch) -> MakeBook:
    monkeypatch.setenv("PHY_MEDICINE_HOME", str(tmp_path / "home"))

    def make(*names: str, **more) -> PluginBook:
        return PluginBook(session, PluginWish(folders=(folder,), names=names, **more))

    return make


def states(book: PluginBook) -> dict[str, str]:
    return {record.name: record.state for record in book.records}


def test_finding_plugins_attaches_none(make_book: MakeBook, session: Session):
    book = make_book()
    book.attach()
    assert states(book) == {"GoodPlugin": "found", "BrokenImportPlugin": "found", "BrokenAttachPlugin": "found"}
    assert len(session.extensions.metrics) == 0


def test_a_plugin_that_is_asked_for_is_attached(make_book: MakeBook, session: Session):
    book = make_book("GoodPlugin")
    book.attach()
    assert states(book)["GoodPlugin"] == "attached"
    assert session.extensions.metrics.owner_of("twice") == "GoodPlugin"


def test_part_of_a_name_is_enough_and_a_whole_name_comes_first(make_book: MakeBook, folder: Path):
    (folder / "a_first.py").write_text(GOOD.replace("GoodPlugin", "NotSoGoodPlugin"))
    book = make_book("GoodPlugin", "BrokenIm")
    book.attach()
    assert states(book)["GoodPlugin"] == "attached"
    assert states(book)["NotSoGoodPlugin"] == "found"
    assert states(book)["BrokenImportPlugin"] == "failed"


def test_the_others_go_on_when_one_raises_and_nothing_of_it_is_left(make_book: MakeBook, session: Session):
    book = make_book("BrokenImport", "BrokenAttach", "Nowhere", "GoodPlugin")
    book.attach()
    assert states(book) == {
        "GoodPlugin": "attached", "BrokenImportPlugin": "failed", "BrokenAttachPlugin": "failed", "Nowhere": "missing",
    }  # fmt: skip
    details = {record.name: record.details for record in book.records}
    assert "surely_not_there_x" in details["BrokenImportPlugin"]
    assert "RuntimeError: not today" in details["BrokenAttachPlugin"]
    assert "Nowhere" in details["Nowhere"]
    assert session.extensions.metrics.names == ("twice",)


def test_switching_off_takes_out_what_it_added_and_lasts(make_book: MakeBook, session: Session):
    book = make_book("GoodPlugin")
    book.attach()
    book.disable("good_x.GoodPlugin")
    assert session.extensions.metrics.names == ()
    again = make_book("GoodPlugin")
    again.attach()
    assert states(again)["GoodPlugin"] == "off"


def test_switching_on_lasts(make_book: MakeBook, session: Session):
    book = make_book()
    book.attach()
    book.enable("good_x.GoodPlugin")
    assert session.extensions.metrics.names == ("twice",)
    session.extensions.remove_of("GoodPlugin")
    again = make_book()
    again.attach()
    assert states(again)["GoodPlugin"] == "attached"


def test_a_plugin_that_fails_when_switched_on_says_why(make_book: MakeBook):
    book = make_book()
    book.attach()
    with pytest.raises(ActionError, match="BrokenAttachPlugin failed: RuntimeError: not today"):
        book.enable("attach_x.BrokenAttachPlugin")


def test_reloading_runs_the_file_as_it_is_now(make_book: MakeBook, session: Session, folder: Path):
    book = make_book("GoodPlugin")
    book.attach()
    (folder / "good_x.py").write_text(GOOD.replace('"twice"', '"double"'))
    book.reload("good_x.GoodPlugin")
    assert session.extensions.metrics.names == ("double",)


def test_a_file_that_was_broken_is_used_once_it_is_mended(make_book: MakeBook, session: Session, folder: Path):
    (folder / "good_x.py").write_text("class (")
    book = make_book("GoodPlugin")
    book.attach()
    assert states(book)["good_x"] == "failed"
    (folder / "good_x.py").write_text(GOOD)
    book.reload("good_x")
    assert states(book)["GoodPlugin"] == "attached"
    assert "good_x" not in states(book)


def test_reloading_a_file_broken_meanwhile_says_where(make_book: MakeBook, session: Session, folder: Path):
    book = make_book("GoodPlugin")
    book.attach()
    (folder / "good_x.py").write_text("x = (")
    with pytest.raises(ActionError, match=r"good_x\.py, line 1"):
        book.reload("good_x.GoodPlugin")
    assert session.extensions.metrics.names == ()


def test_two_of_one_name_are_told_apart(make_book: MakeBook, session: Session, folder: Path):
    (folder / "other_x.py").write_text(GOOD.replace('"twice"', '"thrice"'))
    book = make_book("GoodPlugin")
    book.attach()
    keys = {record.key: record.state for record in book.records if record.name == "GoodPlugin"}
    assert keys == {"good_x.GoodPlugin": "attached", "other_x.GoodPlugin": "found"}
    book.enable("other_x.GoodPlugin")
    book.disable("good_x.GoodPlugin")
    assert session.extensions.metrics.names == ("thrice",)


def test_a_new_file_does_not_run_before_it_is_switched_on(make_book: MakeBook, session: Session, folder: Path):
    book = make_book("GoodPlugin", ask_before_new=True)
    book.attach()
    assert states(book)["GoodPlugin"] == "new"
    book.enable("good_x.GoodPlugin")
    again = make_book("GoodPlugin", ask_before_new=True, trusted=())
    again.attach()
    assert states(again)["GoodPlugin"] == "attached"


def test_a_changed_file_is_new_again_unless_its_folder_is_trusted(make_book: MakeBook, folder: Path):
    book = make_book("GoodPlugin", ask_before_new=True, trusted=(folder,))
    book.attach()
    assert states(book)["GoodPlugin"] == "attached"


def test_a_function_that_raises_later_is_counted(make_book: MakeBook, session: Session):
    book = make_book("GoodPlugin")
    book.attach()

    def broken() -> int:
        raise KeyError("gone")

    session.extensions.call("GoodPlugin", "metric twice", broken, default=0)
    record = next(r for r in book.records if r.name == "GoodPlugin")
    assert (record.state, record.n_problems) == ("attached", 1)
    assert "KeyError" in record.details


def test_an_entry_point_is_attached_unless_switched_off(make_book: MakeBook, session: Session, monkeypatch):
    class Point:
        group, name, module, attr, dist = "phy_medicine.plugins", "extra", "extra_package", "Extra", None

        def load(self) -> type:
            class Extra:
                def attach(self, session: Session) -> None:
                    session.extensions.actions.add(ACTION)

            return Extra

    from phy_medicine.session.actions import Action

    ACTION = Action("extra", "Extra", print)
    monkeypatch.setattr("phy_medicine.app.plugin_finder.entry_points", lambda group: [Point()])
    book = make_book()
    book.attach()
    assert states(book)["Extra"] == "attached"
    assert session.extensions.actions.owner_of("extra") == "Extra"
