"""The logins of the application, as its Secret names them.

Two alternate: a rotation adds the other one, and takes the former away when nobody uses it any more. They are members of
the role that owns everything, and act as it, so that nothing belongs to a login. PostgreSQL is given verifiers: a
password is in no statement, and in no log.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess

import place

# Mounted, and renewed while the pod runs; not there until the first rotation.
FILE = os.environ.get("MEMBER_LOGINS", "/etc/cryptosense/logins/LOGINS")
OWNER = os.environ.get("APP_USER") or "cryptosense"
ALTERNATING = (f"{OWNER}_a", f"{OWNER}_b")
BIRTH = "birth"
ITERATIONS = 4096


def read():
    """What the Secret says: {"state": ..., "logins": [{"name", "password"}, ...]}; None before the first rotation.
    Raises ValueError when it is of another form."""
    text = place.read(FILE)
    if text.strip() == "":
        return None
    said = json.loads(text)
    names = [login["name"] for login in said["logins"]] if isinstance(said, dict) else []
    if not names or not set(names) <= {OWNER, *ALTERNATING} or not isinstance(said.get("state"), str):
        raise ValueError(f"LOGINS names {names or 'no login'}: it can name {OWNER} and {', '.join(ALTERNATING)}")
    return said


def state(said):
    return said["state"] if said else BIRTH


def is_former_used(said):
    """Whether sessions of a login go on that is to be taken away next. None: not known now."""
    former = ", ".join(f"'{name}'" for name in names(said)[:-1])
    if not former:
        return False
    found = psql(f"select exists (select from pg_stat_activity where usename in ({former}));\n")
    return None if found is None else found.strip() == "t"


def apply(said):
    """Makes the roles of the running primary what the Secret says. True when they are so."""
    roles = current()
    if roles is None:
        return False
    statements = changes(said, roles)
    if not statements:
        return True
    quiet = ["set local log_statement = 'none'", "set local log_min_duration_statement = -1"]
    done = psql("".join(f"{statement};\n" for statement in [*quiet, *statements]), "--single-transaction")
    place.say(f"the application's logins are {', '.join(names(said))}" if done is not None else "the logins were not changed")
    return done is not None


def names(said):
    return [login["name"] for login in said["logins"]] if said else [OWNER]


def changes(said, roles):
    """Statements that make `roles` (name -> verifier or '') what `said` asks for. Pure but for fresh salt."""
    wanted = {login["name"]: login["password"] for login in said["logins"]} if said else {}
    statements = []
    for name, password in wanted.items():
        if name not in roles:
            statements.append(f"create role {quoted(name)} in role {quoted(OWNER)}")
            statements.append(f"alter role {quoted(name)} set role = {quoted(OWNER)}")
        if not verifies(roles.get(name, ""), password):
            statements.append(f"alter role {quoted(name)} login password '{verifier(password, os.urandom(16))}'")
    # Before the first rotation the owner is the login; what a backup of another environment brought along is not.
    kept = set(wanted) if said else {OWNER}
    for name, known in roles.items():
        if name not in kept and known:
            statements.append(f"alter role {quoted(name)} password null")
    return statements


def current():
    """The roles that there are, with their verifiers; None: not known now."""
    known = ", ".join(f"'{name}'" for name in (OWNER, *ALTERNATING))
    text = psql(f"select rolname, coalesce(rolpassword, '') from pg_authid where rolname in ({known});\n")
    if text is None:
        return None
    return dict(line.split("|", 1) for line in text.splitlines() if line)


def psql(statements, *options):
    """What it prints, None when it fails. Statements go in by a pipe: arguments are seen in the list of processes."""
    login = ["-h", place.SOCKETS, "-U", place.SUPERUSER, "-d", "postgres"]
    command = ["psql", "--no-psqlrc", "-qAt", "--set=ON_ERROR_STOP=1", *login, *options, "-f", "-"]
    try:
        done = subprocess.run(command, input=statements, capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def verifier(password, salt, iterations=ITERATIONS):
    """What PostgreSQL keeps of a password (RFC 5803). The operator's are ASCII, which SASLprep leaves as they are."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    key = lambda label: hmac.new(salted, label, hashlib.sha256).digest()
    stored, server = hashlib.sha256(key(b"Client Key")).digest(), key(b"Server Key")
    text = lambda value: base64.b64encode(value).decode()
    return f"SCRAM-SHA-256${iterations}:{text(salt)}${text(stored)}:{text(server)}"


def verifies(known, password):
    """Whether the verifier `known` is one of `password`."""
    found = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$]+)\$.*", known)
    return bool(found) and verifier(password, base64.b64decode(found[2]), int(found[1])) == known
