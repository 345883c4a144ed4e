"""What a member of the database knows of its place: who it is, where its files are, and how it is asked."""
import base64
import hashlib
import hmac
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

NAME = os.environ.get("POD_NAME", "")
NAMESPACE = os.environ.get("POD_NAMESPACE", "")
ADDRESS = os.environ.get("POD_IP", "")
PGDATA = os.environ.get("PGDATA", "/var/lib/postgresql/data/pgdata")
SUPERUSER = os.environ.get("POSTGRES_USER") or "postgres"

# Mounted, and renewed while the pod runs: the settings (a ConfigMap) and the pod's own annotations.
SETTINGS = os.environ.get("MEMBER_SETTINGS", "/etc/cryptosense/postgresql.d")
ANNOTATIONS = os.environ.get("MEMBER_ANNOTATIONS", "/etc/cryptosense/pod/annotations")

# Patroni reads every .yml of this folder; it holds passwords, and lives as long as the pod.
CONFIGURATION = "/tmp/patroni"

SOCKETS = "/var/run/postgresql"
REST_PORT = 8008
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
REPLICATION, REWIND, OPERATOR = "cryptosense_replication", "cryptosense_rewind", "cryptosense_member"


def say(text):
    print(f"database: {text}", file=sys.stderr, flush=True)


def fail(text):
    say(text)
    sys.exit(1)


def read(path, default=""):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return default


def settings(name, default="{}"):
    """A file of the settings, as JSON."""
    return json.loads(read(os.path.join(SETTINGS, name), default))


def password(role):
    """The password of a role that members alone use. Made from the superuser's, which every member has anyway: so
    the Secret of an environment that is older than its members need not be written again."""
    path = os.environ.get("POSTGRES_PASSWORD_FILE", "")
    secret = read(path).rstrip("\n") if path else os.environ.get("POSTGRES_PASSWORD", "")
    if not secret:
        fail("set POSTGRES_PASSWORD_FILE or POSTGRES_PASSWORD: the members' own passwords are made from it.")
    return hmac.new(secret.encode(), role.encode(), hashlib.sha256).hexdigest()


def host(address):
    return f"[{address}]" if ":" in address else address


def rest(method, path, body=None, timeout=5):
    """Asks Patroni in this pod. Returns (status, what it says as JSON or text); status 0: it does not answer."""
    key = base64.b64encode(f"{OPERATOR}:{password(OPERATOR)}".encode()).decode()
    request = urllib.request.Request(
        f"http://{host(ADDRESS)}:{REST_PORT}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def kubernetes(path, patch=None):
    """An object of this namespace, None when it is not there; with `patch`, after this change of it (a merge patch). Raises
    OSError when the API server does not answer."""
    server = f"{host(os.environ['KUBERNETES_SERVICE_HOST'])}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    request = urllib.request.Request(
        f"https://{server}/api/v1/namespaces/{NAMESPACE}/{path}",
        method="GET" if patch is None else "PATCH",
        data=None if patch is None else json.dumps(patch).encode(),
        headers={
            "Authorization": f"Bearer {read(os.path.join(ACCOUNT, 'token')).strip()}",
            "Content-Type": "application/merge-patch+json",
        },
    )
    context = ssl.create_default_context(cafile=os.path.join(ACCOUNT, "ca.crt"))
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise
