"""Other keys."""

from phy import IPlugin, connect
from phy.gui.actions import _get_qkeysequence


class ExampleShortcutsPlugin(IPlugin):
    """Ctrl+B selects the first similar clusters."""

    def attach_to_controller(self, controller):
        @connect(sender=controller)
        def on_gui_ready(sender, gui):
            shortcuts = {"Select.select_first_similar": "ctrl+b", "File.save": "ctrl+alt+s"}
            for actions in gui.actions:
                for name in list(actions._actions_dict):
                    key = shortcuts.get(f"{actions.name}.{name}")
                    if key is not None:
                        actions.get(name).setShortcuts([_get_qkeysequence(key)])
                        actions._actions_dict[name].shortcut = key
