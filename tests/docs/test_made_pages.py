"""Pages that scripts write from the program say what the program is now."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("PyQt5")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shortcuts(script, tmp_path_factory):
    """The module, and what it finds in a window."""
    from phy_medicine.gui.app import create_app

    app = create_app()
    module = script("shortcuts_page")
    folder = tmp_path_factory.mktemp("shortcuts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHY_MEDICINE_HOME", str(folder / "home"))
        found = module.everything(folder)
    app.processEvents()
    return module, found


def test_the_page_of_keys_is_up_to_date(shortcuts):
    module, found = shortcuts
    assert module.PAGE.read_text("utf-8") == module.page(*found), "run: make pages"


def test_every_action_and_every_gesture_is_on_the_page_of_keys(shortcuts):
    module, (actions, kinds, gestures) = shortcuts
    text = module.PAGE.read_text("utf-8")
    assert len(actions) > 200
    for action in actions:
        assert action.help in text.replace("\\|", "|"), action.id
    for kind in kinds:
        assert f"### {module._kind(kind)}\n" in text
    for _, gesture, meaning in gestures:
        assert f"| {gesture} | {meaning} |" in text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("G", "<kbd>G</kbd>"),
        ("Ctrl+Shift+K", "<kbd>Ctrl</kbd>+<kbd>Shift</kbd>+<kbd>K</kbd>"),
        ("Ctrl++", "<kbd>Ctrl</kbd>+<kbd>+</kbd>"),
        ("+", "<kbd>+</kbd>"),
        ("Ctrl+-", "<kbd>Ctrl</kbd>+<kbd>-</kbd>"),
        ("Alt+Left", "<kbd>Alt</kbd>+<kbd>←</kbd>"),
    ],
)
def test_keys_are_marked_one_by_one(script, key: str, words: str):
    assert script("shortcuts_page")._keys([key]) == f'<span class="keys">{words}</span>'


def test_the_page_of_commands_is_up_to_date(script):
    module = script("commands_page")
    assert module.PAGE.read_text("utf-8") == module.page(), "run: make pages"


def test_the_page_of_commands_has_every_option(script):
    import click

    from phy_medicine.app.cli import COMMANDS, cli

    text = script("commands_page").page()
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert f"## {name}\n" in text
        for option in command.params:
            if isinstance(option, click.Option):
                assert all(f"`{word}`" in text for word in option.opts), name
