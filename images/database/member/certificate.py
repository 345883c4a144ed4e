"""The certificate that this member's PostgreSQL shows, so that who connects knows that it is this database.

The environment's authority signs it. Its key is mounted into the members, and into nothing else: so a certificate is renewed
without the operator, in the pod, and PostgreSQL reads it again without a restart."""
import datetime
import os
import shutil
import ssl
import subprocess
import time

import place

# ca.crt and ca.key, of a Secret; ca.crt may have more than one certificate, the first is the one that signs.
AUTHORITY = os.environ.get("MEMBER_AUTHORITY", "/etc/cryptosense/authority")

# Lives as long as the pod. `current` leads to a folder with a key, its certificate and the authority that has signed it: PostgreSQL
# never finds a key with the certificate of another one.
FOLDER = "/tmp/tls"
CURRENT = f"{FOLDER}/current"

HOUR, DAY = 3600, 86_400
LIFE, RENEWAL = 90 * DAY, 30 * DAY
LOOK_SECONDS = 20


def is_due(ends, signer, authority, now):
    """Whether a new certificate is to be made. Pure; `ends` and `now` in seconds since 1970, the authority that has signed and that
    of now as text."""
    return signer != authority or ends - now <= RENEWAL


def exists():
    return os.path.exists(f"{CURRENT}/server.crt")


def is_required():
    """Whether the operator says that everybody connects with TLS by now."""
    return exists() and place.read(os.path.join(place.SETTINGS, "tls")).strip() == "required"


def prepare():
    """The certificate before PostgreSQL starts. Where nobody would connect without one, there is no start without one."""
    try:
        renew()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        text = f"the certificate cannot be made from {AUTHORITY}: {words(error)}"
        if place.read(os.path.join(place.SETTINGS, "tls")).strip() == "required":
            place.fail(f"{text}. Put a ca.crt and the ca.key that belongs to it into the Secret that is mounted there.")
        place.say(f"{text}; it goes on without TLS")


def renew():
    """Makes a certificate where one is due. Returns whether it is a new one. Raises OSError, ValueError, SubprocessError."""
    authority = place.read(f"{AUTHORITY}/ca.crt")
    if not authority:
        return False
    if exists() and not is_due(end(f"{CURRENT}/server.crt"), place.read(f"{CURRENT}/ca.crt"), authority, time.time()):
        return False
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    name = str(time.time_ns())
    folder = f"{FOLDER}/{name}"
    os.mkdir(folder, mode=0o700)
    try:
        issue(folder, time.time())
        with open(f"{folder}/ca.crt", "w", encoding="utf-8") as file:
            file.write(authority)
        os.symlink(name, f"{CURRENT}.new")
        os.rename(f"{CURRENT}.new", CURRENT)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for former in os.listdir(FOLDER):
        if former not in (name, "current"):
            shutil.rmtree(f"{FOLDER}/{former}", ignore_errors=True)
    return True


def end(path):
    """Seconds since 1970; 0 for what is no certificate, so that a new one is made."""
    done = openssl("x509", "-noout", "-enddate", "-in", path, check=False)
    return ssl.cert_time_to_seconds(done.stdout.strip().partition("=")[2]) if done.returncode == 0 else 0


def issue(folder, now):
    """A new key and its certificate. Valid from an hour ago on: clocks differ."""
    with open(f"{folder}/openssl.cnf", "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(folder=folder, names=",".join(names())))
    with open(f"{folder}/index.txt", "w", encoding="utf-8"):
        pass
    moment = lambda at: datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{folder}/server.key"]
    configuration = ["-config", f"{folder}/openssl.cnf"]
    openssl("req", "-new", *configuration, *key, "-out", f"{folder}/server.csr")
    os.chmod(f"{folder}/server.key", 0o600)
    signer = ["-cert", f"{AUTHORITY}/ca.crt", "-keyfile", f"{AUTHORITY}/ca.key"]
    life = ["-startdate", moment(now - HOUR), "-enddate", moment(now + LIFE)]
    files = ["-in", f"{folder}/server.csr", "-out", f"{folder}/server.crt"]
    openssl("ca", "-batch", "-notext", *configuration, *signer, *life, *files)


def names():
    """All that this member is reached by: the Services that may lead to it, its own name, its address."""
    scope = place.settings("patroni.yml")["scope"]
    hosts = [scope, f"{scope}-replicas", f"{place.NAME}.{scope}-members"]
    ends = ["", f".{place.NAMESPACE}", f".{place.NAMESPACE}.svc"]
    return [f"DNS:{host}{rest}" for host in hosts for rest in ends] + [f"IP:{place.ADDRESS}"]


def parameters():
    """What PostgreSQL is told of it; all of it can change without a restart."""
    if not exists():
        return {}
    return {"ssl": "on", "ssl_cert_file": f"{CURRENT}/server.crt", "ssl_key_file": f"{CURRENT}/server.key"}


def verification():
    """With what a member connects to another one."""
    return {"sslmode": "verify-full", "sslrootcert": f"{AUTHORITY}/ca.crt"} if is_required() else {}


def access():
    """Who may connect, as a pg_hba.conf: as the image says, and from the network only with TLS where that is required."""
    text = place.read("/etc/cryptosense/pg_hba.conf")
    return text.replace("\nhost ", "\nhostssl ") if is_required() else text


class Renewal:
    """Looks now and then whether a new certificate is due, and has PostgreSQL read it."""

    def __init__(self):
        self.looked = time.monotonic()

    def tick(self):
        if time.monotonic() - self.looked < LOOK_SECONDS:
            return
        self.looked = time.monotonic()
        if renew():
            place.say("there is a new certificate: it is read")
            place.rest("POST", "/reload")


def openssl(*arguments, check=True):
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=30, check=check)


def words(error):
    """What openssl says, or Python."""
    said = [line for line in (getattr(error, "stderr", "") or "").splitlines() if line.strip()]
    return said[-1] if said else str(error)


CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = cryptosense-database
[ca]
default_ca = authority
[authority]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = policy
x509_extensions = server
[policy]
commonName = supplied
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""
