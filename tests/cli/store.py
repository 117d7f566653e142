"""The store as files: recorded ones, machines written without the program, and whether all is as it should be."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

RECORDINGS = Path(__file__).resolve().parent / "recordings"
RECORDED_PATH = "/home/user/.docker/machine"
UNFINISHED = "Creation did not finish"


def recorded(name, store=RECORDED_PATH):
    """A recorded output, as if the store had been at `store`."""
    return (RECORDINGS / name).read_text().replace(RECORDED_PATH, str(store))


def use_recorded_store(store):
    """Puts the original's store at `store`; its files still say where they were written."""
    shutil.copytree(RECORDINGS / "store-v3", store, dirs_exist_ok=True)
    return store


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refusing_url():
    """Where nobody listens, so that the connection is refused at once."""
    return "tcp://127.0.0.1:1"


def config_file(store, name):
    return Path(store) / "machines" / name / "config.json"


def config_of(store, name):
    return json.loads(config_file(store, name).read_text())


def add_machine(store, name, url, change=None):
    """Writes a none machine as the original would; `change(document)` may make something else of it."""
    text = recorded("store-v3/machines/web-1/config.json", store).replace("web-1", name)
    document = json.loads(text.replace("tcp://192.0.2.7:2376", url).replace("192.0.2.7:2376", url.split("://")[-1]))
    if change:
        change(document)
    file = config_file(store, name)
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text(json.dumps(document, indent=4))
    file.chmod(0o600)
    return file


def generic(port, address="127.0.0.1", user="root", key=""):
    """Makes of a none machine one of the generic driver, for add_machine()."""

    def change(document):
        document["DriverName"] = "generic"
        document["Driver"].update(IPAddress=address, SSHPort=port, SSHUser=user, SSHKeyPath=str(key), EnginePort=port)
        del document["Driver"]["URL"]

    return change


def visible(store):
    """The folders that real clients take for machines."""
    machines = Path(store) / "machines"
    return sorted(entry.name for entry in machines.iterdir() if not entry.name.startswith(".")) if machines.exists() else []


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {arguments}: {done.stderr}"
    return done.stdout


def same_key(certificate, key):
    return openssl("x509", "-noout", "-pubkey", "-in", certificate) == openssl("pkey", "-pubout", "-in", key)


def assert_certificates(store):
    """Authority and client certificate are there, whole, fit their keys and each other, and nobody else reads the keys."""
    certs = Path(store) / "certs"
    assert openssl("verify", "-CAfile", certs / "ca.pem", "-purpose", "sslclient", certs / "cert.pem").endswith("OK\n")
    assert same_key(certs / "ca.pem", certs / "ca-key.pem"), "the authority's key belongs to another certificate"
    assert same_key(certs / "cert.pem", certs / "key.pem"), "the client's key belongs to another certificate"
    modes = {name: oct(os.stat(certs / name).st_mode & 0o777) for name in ("ca.pem", "ca-key.pem", "cert.pem", "key.pem")}
    assert modes == {"ca.pem": "0o644", "ca-key.pem": "0o600", "cert.pem": "0o644", "key.pem": "0o600"}


def assert_whole(store, names):
    """Exactly these machines are there, each with a config.json that is its own."""
    assert visible(store) == sorted(names)
    for name in names:
        document = config_of(store, name)
        assert document["Name"] == name and document["ConfigVersion"] == 3
        assert document["Driver"]["MachineName"] == name


def rows_of(table):
    """The default table of `ls` as {name: {title: cell}}."""
    header, *lines = table.splitlines()
    titles = header.split()
    starts = [re.search(rf"(^|\s){title}(\s|$)", header).start() + (0 if title == "NAME" else 1) for title in titles]
    ends = [*starts[1:], None]
    cells = [{title: line[start:end].strip() for title, start, end in zip(titles, starts, ends)} for line in lines]
    return {row["NAME"]: row for row in cells}
