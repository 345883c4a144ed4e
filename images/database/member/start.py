"""Starts a member of a Patroni cluster: makes the database where there is none, or takes over what an earlier image
made, writes Patroni's configuration, and runs Patroni.

Only the first member ever makes a database, and only while the cluster has none: Patroni itself would let any member
with an empty volume do so."""
import os
import signal
import subprocess
import sys
import time

import certificate
import configuration
import follow
import generation
import place


def main():
    if os.getuid() == 0:
        place.fail("PostgreSQL does not run as root: run the container as uid 1001, as the image says.")
    for variable in ("POD_NAME", "POD_NAMESPACE", "POD_IP"):
        if not os.environ.get(variable):
            place.fail(f"set {variable}: a member has to know who it is.")
    version = configuration.timescaledb()
    absent = "is not in this image (no apt source had it when it was built)"
    place.say(f"TimescaleDB {absent if version == 'absent' else version}")
    generation.settle()
    if not has_data() and place.NAME.endswith("-0") and not is_initialized():
        run("first-start.sh")
    if has_data():
        check_version()
        if not is_known_to_patroni():
            run("adopt.sh", place.REPLICATION, place.REWIND)
        if os.path.exists(generation.fresh()):
            until_answered("told that its data is a restored one", lambda: generation.forget_cluster(scope()))
    certificate.prepare()
    configuration.write({"settings": follow.settings_hash()})
    watch_over()


def watch_over():
    """Runs Patroni and the follower beside it until Patroni ends, and ends with it. The signal to stop is SIGINT in this image,
    which PostgreSQL understands and Patroni does not. Whoever loses his parent becomes a child of this process."""
    children = {"patroni": begin(lambda: os.execvp("patroni", ["patroni", place.CONFIGURATION]))}
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(children["patroni"], signal.SIGTERM))
    signal.signal(signal.SIGHUP, lambda *_: os.kill(children["patroni"], signal.SIGHUP))
    children["follower"] = begin(follow.forever)
    while True:
        ended, status = os.wait()
        if ended == children["patroni"]:
            sys.exit(max(os.waitstatus_to_exitcode(status), 0) or (128 if os.WIFSIGNALED(status) else 0))
        if ended == children["follower"]:
            children["follower"] = begin(follow.forever)
        elif ended == postmaster():
            place.say("PostgreSQL has crashed: Patroni looks at once, and not when its time has come")
            begin(look)


def postmaster():
    """The process that the data name as theirs. One that ends in good order takes its name out."""
    first = place.read(os.path.join(place.PGDATA, "postmaster.pid")).partition("\n")[0].strip()
    return int(first) if first.isdigit() else None


def look():
    """Patroni looks around whenever somebody has asked for a change of its configuration, also for one that changes nothing."""
    status, current = place.rest("GET", "/config")
    if status == 200 and "loop_wait" in current:
        place.rest("PATCH", "/config", {"loop_wait": current["loop_wait"]})


def begin(work):
    child = os.fork()
    if child == 0:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        work()
        os._exit(1)
    return child


def has_data():
    return os.path.exists(os.path.join(place.PGDATA, "PG_VERSION"))


def check_version():
    major = place.read(os.path.join(place.PGDATA, "PG_VERSION")).strip()
    if major != "15":
        place.fail(
            f"{place.PGDATA} holds the data of PostgreSQL {major} and this image is PostgreSQL 15: "
            "use the image of that version, or upgrade the data."
        )


def is_known_to_patroni():
    """Patroni leaves a copy of its configuration in the data; a replica's data has what its primary had."""
    return any(os.path.exists(os.path.join(place.PGDATA, file)) for file in ("patroni.dynamic.json", "standby.signal"))


def is_initialized():
    """Whether the cluster has a database, or one is being made. Asks until the API server answers: a guess could make
    an empty database beside a full one."""
    what = "asked whether there is a database already"
    found = until_answered(what, lambda: place.kubernetes(f"endpoints/{scope()}-config"))
    return "initialize" in ((found or {}).get("metadata", {}).get("annotations") or {})


def scope():
    return place.settings("patroni.yml")["scope"]


def until_answered(what, ask):
    said = None
    while True:
        try:
            return ask()
        except OSError as error:
            if str(error) != said:
                said = str(error)
                place.say(f"the API server is {what}: {said}")
            time.sleep(1)


def run(script, *arguments):
    """Runs one of the image's scripts, which get the roles' passwords by a pipe."""
    secrets = "".join(f"{place.password(role)}\n" for role in (place.REPLICATION, place.REWIND))
    done = subprocess.run([script, *arguments], input=secrets.encode() if arguments else None, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
