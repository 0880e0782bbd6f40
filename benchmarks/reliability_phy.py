"""Walk phy through steps on one dataset; run by `benchmarks/reliability.py` in an environment that holds phy 2.1.0.

    python reliability_phy.py DATASET STEP ...

Prints "done STEP" after each step. Steps are those of `reliability_ours.py`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    from phy.apps.template.gui import TemplateController
    from phy.gui.qt import create_app
    from phylib.io.model import load_model

    dataset, steps = Path(sys.argv[1]), sys.argv[2:]
    app = create_app()
    model = load_model(dataset / "params.py")
    controller = TemplateController(model=model, dir_path=dataset)
    gui = controller.create_gui(do_prompt_save=False)
    gui.show()
    supervisor = controller.supervisor

    def look(seconds: float = 1.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            app.processEvents()
            time.sleep(0.005)

    look(2.0)
    print("done open", flush=True)
    for step in steps:
        verb, _, rest = step.partition(":")
        if verb == "merge":
            ids = [int(c) for c in rest.split("+")]
            supervisor.select(ids)
            look()
            supervisor.merge(ids)
        elif verb == "good":
            supervisor.move("good", [int(rest)])
        elif verb == "save":
            supervisor.save()
        elif verb == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif verb == "save-killed-between-files":
            controller.model.save_metadata = lambda *_args: os.kill(os.getpid(), signal.SIGKILL)
            supervisor.save()
        elif verb == "save-for-ever":
            number = 10_000
            while True:
                number += 1
                supervisor.clustering.spike_clusters[:] = number
                model.save_spike_clusters(supervisor.clustering.spike_clusters)
        elif verb == "count":
            sizes = supervisor.clustering.spikes_per_cluster
            print("counts", *(f"{int(c)}={len(sizes[c])}" for c in sorted(sizes)), flush=True)
            groups = supervisor.get_labels("group")
            print("groups", *(f"{int(c)}={groups[c]}" for c in sorted(groups) if groups[c]), flush=True)
        elif verb == "wait":
            while not Path(rest).exists():
                look(0.1)
        elif verb == "touch":
            Path(rest).touch()
        look(0.5)
        print("done", step, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
