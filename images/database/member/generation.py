"""Which data a member may serve, after a restore in place.

The pod template names the restore that the data is to be of (DATA_GENERATION), and the data names the one that it is of. A
member never starts on data of another one: it puts them aside, and takes what the restore has laid beside them, or a copy
of the primary. So wherever a restore is cut off, there is either only the former data or only the restored."""
import glob
import os
import shutil

import place

WANTED = os.environ.get("DATA_GENERATION", "")


def marker():
    return os.path.join(place.PGDATA, "cryptosense.generation")


def fresh():
    """There from the restore on until this cluster's memory is emptied: its primary, its sequence of timelines."""
    return os.path.join(place.PGDATA, "cryptosense.restored")


def settle():
    """Brings the data that the template wants into place. Cut off anywhere it goes on where it was."""
    remove_leftovers()
    if not WANTED:
        return
    restored = f"{place.PGDATA}.restored-{WANTED}"
    if os.path.isdir(restored):
        put_aside()
        os.rename(restored, place.PGDATA)
        sync()
        place.say(f"the data of the restore {WANTED} takes the place of the former")
    elif os.path.exists(place.PGDATA) and place.read(marker()).strip() != WANTED:
        put_aside()
        sync()
        place.say("the data of before the restore is put aside: this member copies the restored one")


def remove_leftovers():
    """Of restores that came to no end: nobody asks for their data any more. What cannot be removed now, the next start does."""
    wanted = f"{place.PGDATA}.restored-{WANTED}"
    left = [path for path in glob.glob(f"{glob.escape(place.PGDATA)}.restored-*") if path != wanted]
    if os.path.exists(os.path.join(place.PGDATA, "PG_VERSION")):
        left += [f"{place.PGDATA}.unfinished", f"{place.PGDATA}.look"]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)


def put_aside():
    if not os.path.exists(place.PGDATA):
        return
    before = f"{place.PGDATA}.before-{WANTED}"
    if not os.listdir(place.PGDATA):
        os.rmdir(place.PGDATA)
    elif os.path.exists(before):
        # The former data is aside already: this is a copy of the restored one that was cut off before it had its name.
        shutil.rmtree(place.PGDATA)
    else:
        os.rename(place.PGDATA, before)


def forget_cluster(scope):
    """The restored data is led by this member, whoever was primary before. Patroni finds its memory as at birth."""
    for name in (scope, f"{scope}-config", f"{scope}-failover", f"{scope}-sync"):
        found = place.kubernetes(f"endpoints/{name}")
        if found is None:
            continue
        annotations = {key: None for key in (found["metadata"].get("annotations") or {})}
        place.kubernetes(f"endpoints/{name}", {"metadata": {"annotations": annotations}, "subsets": None})
    os.remove(fresh())
    sync(place.PGDATA)


def forget_former_data():
    """Gives the room back: the restored data has a backup of its own."""
    for former in sorted(glob.glob(f"{glob.escape(place.PGDATA)}.before-*")):
        place.say(f"{former} is removed, as the operator asks for: the restored data is backed up")
        shutil.rmtree(former)


def sync(path=os.path.dirname(place.PGDATA)):
    """What was renamed in a folder, or removed from it, stays so after the power was lost."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
