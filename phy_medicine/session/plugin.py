"""The base class of plugins written for this program, and the register of those that have been defined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

_defined: dict[str, type[Plugin]] = {}


class Plugin:
    """A plugin: a subclass is known to the program from the moment it is defined.

    name : how it is called in `phy_config.py`, in the plugin panel and in messages; the name of the class by default

    Example::

        class Quality(Plugin):
            \"\"\"Adds the column quality to the cluster table.\"\"\"

            def attach(self, session):
                session.extensions.metrics.add(Metric("quality", lambda cluster_id: ...))
    """

    name: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = cls.__name__
        _defined[f"{cls.__module__}.{cls.__name__}"] = cls

    def attach(self, session: Session) -> None:
        """Add to `session.extensions` what the plugin has; called once, when the session has been opened.

        What is added here belongs to the plugin, and goes when the plugin is disabled.
        """

    def attach_window(self, window: Any) -> None:
        """Do what needs the window, a `gui.main_window.MainWindow`; called once it is shown, never without one."""


def defined() -> dict[str, type[Plugin]]:
    """Return the plugin classes defined so far, by `module.ClassName`, in that order; the last of a name counts."""
    return dict(_defined)


def forget(module: str) -> None:
    """Take the plugin classes of a module out of the register, before it is loaded anew."""
    for key in [key for key, plugin in _defined.items() if plugin.__module__ == module]:
        del _defined[key]
