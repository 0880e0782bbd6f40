"""One operation on a disk that fails at one call: what is left in the session and in the folder, then and later."""

from __future__ import annotations

import shutil
from pathlib import Path

from phy_medicine.base.errors import PhyMedError
from phy_medicine.io.intent import read_any_intent
from phy_medicine.session.session import Session
from tests.faults.replica import State, state_of
from tests.faults.zygote import Disk, tell


def save_case(path: str, mode: int, nth: int, error: int) -> None:
    """Save while the disk fails; then go on, crash in between or not, and save again."""
    session, before = _curated(Path(path)), _on_disk(Path(path))
    now, was_dirty = state_of(session), session.dirty
    message = _try(session, "save", path, mode, nth, error)
    assert state_of(session) == now, "a save changes nothing in the session"
    assert session.dirty == (was_dirty and bool(message)), "the work counts as saved only when it is"
    _crash(path, "then", recovered=now, on_disk=[now] if not message else [before, now])
    session.label("note", "after", [session.cluster_ids[0]])
    session.merge(session.cluster_ids[-2:])
    later = state_of(session)
    _crash(path, "later", recovered=later, on_disk=[now] if not message else [before, now])
    assert session.dirty
    session.save()
    assert not session.dirty and read_any_intent(Path(path).parent) is None
    session.close()
    assert _on_disk(Path(path)) == later
    _no_litter(Path(path).parent)
    tell(message=message)


def action_case(path: str, mode: int, nth: int, error: int, first: bool) -> None:
    """Do an action while the disk fails, the first of a session or a later one; then go on."""
    session = Session.open(path) if first else _curated(Path(path))
    now, before = state_of(session), _on_disk(Path(path))
    message = _try(session, "merge", path, mode, nth, error)
    if message:
        assert state_of(session) == now and not (first and session.dirty), "nothing is done that is not in the journal"
    else:
        assert state_of(session) != now
    done = state_of(session)
    # The line may have reached the disk although the disk said no.
    tried = _merged(path, session) if message else done
    _crash(path, "then", recovered=done, on_disk=[before], or_else=tried)
    session.label("note", "after", [session.cluster_ids[0]])
    later = state_of(session)
    _crash(path, "later", recovered=later, on_disk=[before])
    session.save()
    session.close()
    assert _on_disk(Path(path)) == later
    tell(message=message)


def _curated(path: Path) -> Session:
    """A session with a saved action, and with unsaved ones of every kind."""
    session = Session.open(path)
    a, b, c = session.cluster_ids[:3]
    session.move("good", cluster_ids=[a])
    session.save()
    session.merge([a, b])
    session.label("note", "x", [c])
    session.split(session.manager.assignment.spikes(c)[:5])
    session.undo()
    return session


def _try(session: Session, what: str, path: str, mode: int, nth: int, error: int) -> str:
    """Do it on the faulty disk; return the sentence of the failure, "" when it went well."""
    disk = Disk(Path(path).parent)
    disk.arm(mode, nth, error)
    try:
        if what == "save":
            session.save()
        else:
            session.merge(session.cluster_ids[:2])
    except PhyMedError as failure:
        disk.disarm()
        text = str(failure)
        assert text.endswith(".") and "\n" not in text and "[Errno" not in text, text
        return text
    finally:
        disk.disarm()
        tell(calls=disk.calls)
    return ""


def _crash(path: str, name: str, *, recovered: State, on_disk: list[State], or_else: State | None = None) -> None:
    """Open a copy of the folder as it is now, as after a crash, and find everything."""
    folder = Path(path).parent
    copy = folder.with_name(f"{folder.name}-{name}")
    shutil.copytree(folder, copy, copy_function=shutil.copy2)
    (copy / ".phy_medicine" / "lock").unlink(missing_ok=True)
    read_only = Session.open(copy / Path(path).name, read_only=True)
    read_only.close()
    assert state_of(read_only) in on_disk, "labels on disk are wholly old or wholly new"
    session = Session.open(copy / Path(path).name, recover=True)
    assert state_of(session) in [recovered, or_else or recovered], f"all work is there after a crash {name}"
    session.save()
    session.close()
    shutil.rmtree(copy)


def _merged(path: str, session: Session) -> State:
    """The state as it would be had the merge been done."""
    labels, table = state_of(session)
    a, b = session.cluster_ids[:2]
    delta = session.manager.plan_merge([a, b])
    session.manager.do(delta)
    state = state_of(session)
    session.manager.undo()
    assert state_of(session) == (labels, table)
    return state


def _on_disk(path: Path) -> State:
    session = Session.open(path, read_only=True)
    session.close()
    return state_of(session)


def _no_litter(folder: Path) -> None:
    """Nothing half-made is left after a save that went well."""
    left = [p for p in folder.rglob("*") if p.name.endswith((".tmp", ".saving", ".new"))]
    assert not left and not list((folder / ".phy_medicine" / "staging").glob("*")), left
