"""Cannot be run."""

from phy import (
    IPlugin,
    no_such_name_of_phy,  # noqa: F401
)


class AtImportPlugin(IPlugin):
    def attach_to_controller(self, controller):
        raise AssertionError("never reached")
