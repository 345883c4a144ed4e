"""Carries the settings that the operator wrote into the running member, and the operator's two commands.

The settings are mounted and renewed in place. What needs no restart is reloaded at once; the rest is reported and waits
for the command `restart`, because the order of restarts is the operator's to decide. The configuration that all members
share is the operator's as well: the primary puts it where Patroni keeps it, whole, so that what somebody else put there
does not stay. Commands are annotations of the pod; each names what it was given for, so that it has no effect later.
"""
import os
import subprocess
import time

import certificate
import configuration
import generation
import logins
import place

TICK_SECONDS = 1
LOOK_SECONDS = 5
RELOAD_SECONDS = 2
LOGINS_SECONDS = 60

RESTART = "cryptosense.io/restart"
SWITCHOVER = "cryptosense.io/switchover"
# Names the restore whose data has a backup of its own, so that the former data is needed no more.
FORGET = "cryptosense.io/forget-former-data"

# Greater than the primary's on a replica is right, smaller stops its replay: raised on replicas first, lowered last.
ORDERED = (
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
)

# Like those above given on the command line by Patroni, and so never pending for PostgreSQL itself.
PLAIN = ("wal_level", "track_commit_timestamp", "max_replication_slots")


def settings_hash():
    return place.read(os.path.join(place.SETTINGS, "hash"), "").strip()


def commands():
    """The pod's annotations: lines of name="value", as the kubelet writes them."""
    lines = (line.partition("=") for line in place.read(place.ANNOTATIONS).splitlines())
    return {name: value.strip('"') for name, _, value in lines if name in (RESTART, SWITCHOVER, FORGET)}


def pending():
    """What a restart would change: lowered (which the primary has to do first), restart, or '' for nothing. None: not
    known now."""
    query = "select name, setting, pending_restart from pg_settings where pending_restart or name = any(%s)"
    wanted = place.settings("dynamic.json").get("postgresql", {}).get("parameters", {})
    names = "array[" + ",".join(f"'{name}'" for name in wanted) + "]::text[]"
    login = ["-h", place.SOCKETS, "-U", place.SUPERUSER, "-d", "postgres"]
    command = ["psql", "--no-psqlrc", "-At", *login, "-c", query % names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    state = ""
    for line in done.stdout.splitlines():
        name, setting, is_pending = line.split("|")
        if name in wanted and name in ORDERED and int(setting) > int(wanted[name]):
            return "lowered"
        if is_pending == "t" or (name in wanted and name in ORDERED and int(setting) < int(wanted[name])):
            state = "restart"
        if name in wanted and name in PLAIN and setting != wanted[name]:
            state = "restart"
    return state


class Follower:
    def __init__(self):
        self.read = settings_hash()
        self.report = {"settings": self.read, "pending": "", "logins": "", "former": ""}
        self.applied = (None, 0.0)
        self.looked = 0.0
        self.restarted = place.read(f"{place.CONFIGURATION}/restarted")
        self.seen = {}

    def tick(self):
        if settings_hash() != self.read:
            place.say("the settings have changed: they are reloaded")
            self.read = settings_hash()
            place.rest("POST", "/reload")
            # What waits for a restart is known a moment later, and is said together with what was read.
            self.looked = time.monotonic() - LOOK_SECONDS + RELOAD_SECONDS
            return
        asked = commands()
        is_due = time.monotonic() - self.looked >= LOOK_SECONDS
        if not is_due and asked == self.seen:
            return
        self.looked, self.seen = time.monotonic(), asked
        status, member = place.rest("GET", "/patroni")
        if status == 0 or not isinstance(member, dict) or member.get("state") != "running":
            return
        is_primary = member.get("role") in ("master", "primary")
        if is_primary:
            self.put_configuration()
        known, former = self.follow_logins(is_primary, member.get("timeline"))
        state = pending()
        if state is not None:
            news = {"settings": self.read, "pending": state, "logins": known, "former": former}
            if news != self.report:
                self.tell(**news)
        if asked.get(RESTART, "") not in ("", self.restarted) and self.report["pending"]:
            self.restart(asked[RESTART])
        if generation.WANTED and asked.get(FORGET) == generation.WANTED:
            generation.forget_former_data()
        timeline, _, candidate = asked.get(SWITCHOVER, "").partition("-")
        if is_primary and timeline == str(member.get("timeline")):
            self.switch_over(candidate)

    def follow_logins(self, is_primary, timeline):
        """The state of the logins that this member has read, and as primary has made the database's own; and "used" while
        the primary sees sessions of a login that is to go."""
        before = self.report["logins"], self.report["former"]
        try:
            said = logins.read()
        except (ValueError, KeyError, TypeError) as error:
            place.say(f"the logins of the Secret are not used: {error}")
            return before
        if not is_primary:
            return logins.state(said), ""
        wanted = (said, timeline)
        applied, at = self.applied
        if applied != wanted or time.monotonic() - at >= LOGINS_SECONDS:
            if not logins.apply(said):
                return before
            self.applied = (wanted, time.monotonic())
        # Who asks fails with the database itself: what is not known counts as used, and is asked again.
        return logins.state(said), "" if logins.is_former_used(said) is False else "used"

    def tell(self, **news):
        """Reports to the operator by the member's tags; Patroni reads the settings again with them."""
        self.report.update(news)
        configuration.write(self.report)
        place.rest("POST", "/reload")

    def put_configuration(self):
        """Strict durability begins when there is a replica to wait for: before, every write would wait for ever."""
        wanted = place.settings("dynamic.json")
        status, current = place.rest("GET", "/config")
        if status != 200 or not isinstance(current, dict):
            return
        if wanted.get("synchronous_mode_strict") and not current.get("synchronous_mode_strict"):
            _, cluster = place.rest("GET", "/cluster")
            members = cluster.get("members", []) if isinstance(cluster, dict) else []
            if not any(member.get("role") == "sync_standby" for member in members):
                wanted = {**wanted, "synchronous_mode_strict": False}
        if current != wanted:
            place.say("the configuration of the cluster is brought to what the settings say")
            place.rest("PUT", "/config", wanted)

    def restart(self, asked):
        place.say("PostgreSQL restarts, as the operator asks for: some of its settings need that")
        status, answer = place.rest("POST", "/restart", {}, timeout=600)
        self.looked = 0.0
        if status != 200:
            place.say(f"it did not restart, and is asked again: {answer}")
            return
        self.restarted = asked
        with open(f"{place.CONFIGURATION}/restarted", "w", encoding="utf-8") as file:
            file.write(asked)

    def switch_over(self, candidate):
        place.say("another member becomes primary, as the operator asks for")
        # PostgreSQL starts anew with what was read. Patroni reports the new role before that is looked at here again.
        self.tell(pending="")
        body = {"leader": place.NAME, **({"candidate": candidate} if candidate else {})}
        status, answer = place.rest("POST", "/switchover", body, timeout=60)
        if status != 200:
            place.say(f"no other member became primary, and Patroni is asked again: {answer}")


def forever():
    """Never returns. What goes wrong once is tried again: without this process the database goes on as it is."""
    works = {"following the settings": Follower().tick, "renewing the certificate": certificate.Renewal().tick}
    while True:
        for what, work in works.items():
            try:
                work()
            except Exception as error:  # pylint: disable=broad-except
                place.say(f"{what}: {type(error).__name__}: {certificate.words(error)}")
        time.sleep(TICK_SECONDS)
