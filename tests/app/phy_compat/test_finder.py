"""Where `import phy` leads: in a plugin, in other code, with a real phy and without."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from phy_medicine.app.phy_compat import finder
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.finder import FacadeModule


@pytest.mark.parametrize(
    "source",
    [
        "from phy import Bunch as found",
        "from phy.utils import Bunch as found",
        "from phylib.utils import Bunch as found",
        "import phy; found = phy.utils.Bunch",
        "import phy.utils; found = phy.utils.Bunch",
        "import phy.utils as u; found = u.Bunch",
        "from phylib.utils import _types; found = _types.Bunch",
        "from phy import *; found = Bunch",
        "import importlib; found = importlib.import_module('phy.utils').Bunch",
        "import importlib.util; assert importlib.util.find_spec; found = importlib.import_module('phy').Bunch",
        "from importlib import import_module; found = import_module('.utils', 'phy').Bunch",
        "found = __import__('phy').Bunch",
        "def later():\n    from phy import Bunch\n    return Bunch\nfound = later()",
        "exec('from phy import Bunch as found', globals())",
    ],
)
def test_a_plugin_gets_our_names_and_sys_modules_stays(source, run_plugin):
    before = sys.modules.get("phy"), sys.modules.get("phylib")
    assert run_plugin(source).found is Bunch
    assert (sys.modules.get("phy"), sys.modules.get("phylib")) == before


def test_versions_and_an_empty_phycontrib_are_there(run_plugin):
    module = run_plugin("import phy, phycontrib; found = phy.__version__, phycontrib.__name__")
    assert module.found == ("2.1.0", "phycontrib")


def test_a_plugin_inside_a_package_of_phy_imports_relatively(run_plugin):
    assert run_plugin("__package__ = 'phy'\nfrom .utils import Bunch as found").found is Bunch


def test_a_name_that_is_missing_is_told_with_what_there_is(run_plugin):
    with pytest.raises(ImportError, match=r"'Nothing'.*phy has no 'Nothing' in phy-medicine; it offers .*Bunch"):
        run_plugin("from phy import Nothing")
    with pytest.raises(ModuleNotFoundError, match=r"no module 'phy.nothing'; below phy there are .*phy.utils"):
        run_plugin("import phy.nothing")
    with pytest.raises(AttributeError, match="phy has no 'nothing'"):
        run_plugin("import phy\nphy.nothing")


def test_other_modules_are_those_of_everybody(run_plugin):
    module = run_plugin("import os.path, json\nfrom collections import OrderedDict")
    assert module.json is sys.modules["json"]


def test_qtpy_is_the_binding_of_the_window(run_plugin):
    from phy_medicine.gui.qt import QtWidgets

    assert run_plugin("from qtpy.QtWidgets import QWidget as found").found is QtWidgets.QWidget


@pytest.fixture
def real_phy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package phy that somebody installed, with a module of its own."""
    package = tmp_path / "site" / "phy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from phy.own import Bunch\n__version__ = 'real'\n")
    (package / "own.py").write_text("class Bunch: pass\n")
    monkeypatch.syspath_prepend(str(package.parent))
    importlib.invalidate_caches()
    return package


def test_a_real_phy_stays_what_it_is_beside_plugins(real_phy, run_plugin):
    finder.install()
    import phy

    module = run_plugin("import phy; from phy import Bunch; version = phy.__version__")
    assert (phy.__version__, module.version) == ("real", "2.1.0")
    assert sys.modules["phy"] is phy and phy.Bunch.__module__ == "phy.own"
    assert module.Bunch is Bunch
    with pytest.raises(ImportError, match="in phy-medicine"):
        run_plugin("from phy import own")  # of the real package alone
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("phy.utils")  # ours alone, and the real package is complete without it


def test_without_a_real_phy_all_code_gets_ours_after_install():
    finder.uninstall()  # other tests of this process may have used plugins
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("phy")
    finder.install()
    finder.install()
    import phy.utils

    assert isinstance(phy, FacadeModule) and phy.utils.Bunch is Bunch
    assert sum(type(f) is finder._LastFinder for f in sys.meta_path) == 1
    finder.uninstall()
    assert "phy" not in sys.modules


def test_every_name_of_the_tables_leads_somewhere():
    lost = []
    for module, entries in finder.names().items():
        for name in entries:
            try:
                getattr(finder.facade(module), name)
            except (AttributeError, ImportError) as error:
                lost.append(f"{module}.{name}: {error}")
    assert lost == []
