"""Views survive being floated, docked again and moved to another window."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from vispy import app
app.use_app("pyqt5")
from PyQt5 import QtCore, QtWidgets
if {share}:
    QtWidgets.QApplication.setAttribute(QtCore.Qt.AA_ShareOpenGLContexts, True)
qt = QtWidgets.QApplication([])
import numpy as np
from fake_host import FakeHost, show
from phy_medicine.views.amplitude import AmplitudeView

window, docks, views = QtWidgets.QMainWindow(), [], []
window.resize(900, 600)
for ids in ([0, 1], [2]):
    view = AmplitudeView(FakeHost())
    show(view, view.host.make_request(ids))
    dock = QtWidgets.QDockWidget("amplitudes", window)
    dock.setWidget(view.canvas.native)
    window.addDockWidget(QtCore.Qt.RightDockWidgetArea, dock)
    docks.append(dock), views.append(view)
window.show()

def settle():
    for _ in range(20):
        qt.processEvents()
    return [np.asarray(view.render()) for view in views]

def check(images, what):
    for view, image in zip(views, images):
        if view.canvas.error is not None:
            raise view.canvas.error
        blue = (np.abs(image.astype(int) - (8, 146, 252)).max(axis=2) < 30).sum()
        assert blue > 300, (what, blue, image.shape)

check(settle(), "docked")
generations = [view.canvas.gpu.generation for view in views]
for dock in docks:
    dock.setFloating(True)
    check(settle(), "floating")
    dock.setFloating(False)
    check(settle(), "docked again")
print("generations", generations, [view.canvas.gpu.generation for view in views])
"""


@pytest.mark.parametrize("share", [True, False])
def test_a_view_shows_the_same_after_its_dock_was_floated_and_docked(gl_app, share):
    code = _SCRIPT.format(tests=str(Path(__file__).parent), share=share)
    env = os.environ | {"VISPY_PYQT5_SHARE_CONTEXT": str(share).lower()}
    env["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), env.get("PYTHONPATH", "")])
    gc.collect()
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = done.stdout.split("generations ")[1].split("] [")
    assert (before.strip("[") == after.strip("]\n")) == share
