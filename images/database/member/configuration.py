"""Patroni's configuration of this member: what the chart says, and over it what only the member itself knows."""
import json
import os

import certificate
import place

# In place of the image's, in which nothing changes while the member runs.
ACCESS = os.path.join(place.CONFIGURATION, "pg_hba.conf")


def write(report):
    """Writes the folder that Patroni reads. `report` goes into the member's tags, where the operator sees it."""
    os.makedirs(place.CONFIGURATION, mode=0o700, exist_ok=True)
    chart = os.path.join(place.CONFIGURATION, "10-chart.yml")
    if not os.path.islink(chart):
        os.symlink(os.path.join(place.SETTINGS, "patroni.yml"), chart)
    replace(ACCESS, certificate.access())
    # JSON is YAML.
    replace(os.path.join(place.CONFIGURATION, "20-member.yml"), json.dumps(of_member(report)))


def replace(path, text):
    """Renamed into place: it may be read at any moment."""
    with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(f"{path}.new", path)


def of_member(report):
    at = place.host(place.ADDRESS)
    login = lambda role: {"username": role, "password": place.password(role), **certificate.verification()}
    parameters = {"hba_file": ACCESS, **certificate.parameters()}
    if timescaledb() != "absent":
        parameters["shared_preload_libraries"] = "timescaledb"
    tags = {**report, "tls": "on" if certificate.exists() else ""}
    own = {
        "name": place.NAME,
        "kubernetes": {"pod_ip": place.ADDRESS},
        "restapi": {
            "listen": f"{at}:{place.REST_PORT}",
            "connect_address": f"{at}:{place.REST_PORT}",
            "authentication": {"username": place.OPERATOR, "password": place.password(place.OPERATOR)},
        },
        "postgresql": {
            "data_dir": place.PGDATA,
            "connect_address": f"{at}:5432",
            "authentication": {
                # By the socket in the pod, with the name that the system knows, and so without a password.
                "superuser": {"username": place.SUPERUSER},
                "replication": login(place.REPLICATION),
                "rewind": login(place.REWIND),
            },
            "pg_ident": [
                f'container postgres "{place.SUPERUSER}"',
                f"container postgres {place.REPLICATION}",
            ],
            "parameters": parameters,
        },
        "tags": {name: value for name, value in tags.items() if value},
    }
    # What Patroni takes when the cluster has no configuration yet; it makes no database itself, see start.py.
    if os.path.exists(os.path.join(place.PGDATA, "PG_VERSION")):
        # Strict durability begins with the first replica in step, see follow.py.
        first = {**place.settings("dynamic.json"), "synchronous_mode_strict": False}
        own["bootstrap"] = {"dcs": first, "method": "none", "none": {"command": "/bin/false"}}
    return own


def timescaledb():
    return place.read("/etc/cryptosense/timescaledb", "absent").strip()
