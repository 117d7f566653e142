"""Stores of older docker-machines: schemas 0 to 2, drivers that are not here, and a writer that unlinks before it renames."""

import json
import os
import threading

import pytest

from store import add_machine, config_file, refusing_url

DRIVER = {"URL": "tcp://127.0.0.1:1", "MachineName": "old", "IPAddress": "127.0.0.1:1", "Extra": 1}


def version_0(old):
    return {"DriverName": "none", "Driver": DRIVER, "StorePath": f"{old}/machines/old", "CaCertPath": f"{old}/certs/ca.pem",
            "PrivateKeyPath": f"{old}/certs/ca-key.pem", "ServerCertPath": f"{old}/machines/old/server.pem",
            "ServerKeyPath": f"{old}/machines/old/server-key.pem", "ClientCertPath": f"{old}/certs/cert.pem",
            "ClientKeyPath": f"{old}/certs/key.pem", "SwarmHost": "tcp://0.0.0.0:3376", "SwarmMaster": False,
            "SwarmDiscovery": "token://x", "HostOptions": {"Driver": "ignored"}}


def version_1(old):
    auth = {"StorePath": old, "CaCertPath": f"{old}/certs/ca.pem", "PrivateKeyPath": f"{old}/certs/ca-key.pem",
            "ServerCertPath": f"{old}/machines/old/server.pem", "ServerKeyPath": f"{old}/machines/old/server-key.pem",
            "ClientCertPath": f"{old}/certs/cert.pem", "ClientKeyPath": f"{old}/certs/key.pem"}
    return {"ConfigVersion": 1, "DriverName": "none", "Driver": DRIVER, "StorePath": f"{old}/machines/old",
            "HostOptions": {"EngineOptions": {"Labels": ["a=b"], "InstallURL": "https://get.docker.com", "TlsVerify": True},
                            "SwarmOptions": {"Discovery": "token://x", "Host": "tcp://0.0.0.0:3376"}, "AuthOptions": auth}}


def version_2(old):
    document = version_1(old)
    auth = document["HostOptions"]["AuthOptions"]
    auth["CaPrivateKeyPath"] = auth.pop("PrivateKeyPath")
    auth["CertDir"] = f"{old}/certs"
    document["ConfigVersion"] = 2
    document["Name"] = "old"
    del document["StorePath"]  # some files have it, some have not
    return document


def lay(store, text, name="old"):
    file = config_file(store, name)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("make", [version_0, version_1, version_2])
def test_an_old_file_is_brought_up_to_date(docker_machine, make, moved):
    store = str(docker_machine.store)
    old_text = json.dumps(make("/old/machine" if moved else store), indent=4)
    file = lay(docker_machine.store, old_text)
    shown = json.loads(docker_machine("inspect", "old"))
    assert shown["ConfigVersion"] == 3 and shown["Name"] == "old" and shown["DriverName"] == "none"
    assert list(shown) == ["ConfigVersion", "Driver", "DriverName", "HostOptions", "Name"]
    assert list(shown["Driver"].items())[:3] == [("Extra", 1), ("IPAddress", "127.0.0.1:1"), ("MachineName", "old")]
    assert shown["Driver"]["StorePath"] == store
    auth = shown["HostOptions"]["AuthOptions"]
    assert auth == {"CertDir": f"{store}/certs", "CaCertPath": f"{store}/certs/ca.pem",
                    "CaPrivateKeyPath": f"{store}/certs/ca-key.pem", "CaCertRemotePath": "",
                    "ServerCertPath": f"{store}/machines/old/server.pem", "ServerKeyPath": f"{store}/machines/old/server-key.pem",
                    "ClientKeyPath": f"{store}/certs/key.pem", "ServerCertRemotePath": "", "ServerKeyRemotePath": "",
                    "ClientCertPath": f"{store}/certs/cert.pem", "ServerCertSANs": None,
                    "StorePath": f"{store}/machines/old"}
    assert shown["HostOptions"]["SwarmOptions"]["Discovery"] == "token://x"
    engine = shown["HostOptions"]["EngineOptions"]
    assert engine["InstallURL"] == "https://get.docker.com" and engine["TlsVerify"] is True
    assert engine["Labels"] == (None if make is version_0 else ["a=b"])
    assert json.loads(file.read_text()) == shown
    assert (file.parent / "config.json.bak").read_text() == old_text
    assert docker_machine("url", "old") == "tcp://127.0.0.1:1\n"
    assert docker_machine("ls", "-q") == "old\n"


def test_an_old_file_that_may_not_be_written_is_read(docker_machine):
    """The folder of locks is a file, so that nothing can be locked, let alone written."""
    old_text = json.dumps(version_0(str(docker_machine.store)))
    file = lay(docker_machine.store, old_text)
    (docker_machine.store / "locks").write_text("")
    assert docker_machine("url", "old") == "tcp://127.0.0.1:1\n"
    assert file.read_text() == old_text and not (file.parent / "config.json.bak").exists()


def test_a_driver_that_is_not_here(docker_machine):
    """A machine with an error in its row; its record is nobody's to change."""
    store = docker_machine.store
    text = json.dumps({"ConfigVersion": 3, "Driver": {"Huge": 18446744073709551617, "Float": 1e300}, "DriverName": "hetzner",
                       "HostOptions": {}, "Name": "far"}, indent=1)
    file = lay(store, text, "far")
    cause = 'Driver "hetzner" not found. Do you have the plugin binary "docker-machine-driver-hetzner" accessible in your PATH?'
    row = docker_machine("ls").splitlines()[1]
    assert row.startswith("far ") and cause.split(".")[0] in row
    for words in (["status", "far"], ["url", "far"], ["ip", "far"], ["start", "far"], ["stop", "far"], ["rm", "-y", "far"],
                  ["env", "--shell", "sh", "far"], ["config", "far"], ["provision", "far"], ["restart", "far"], ["kill", "far"],
                  ["upgrade", "far"], ["regenerate-certs", "-f", "far"], ["ssh", "far", "true"], ["scp", "far:a", "b"],
                  ["mount", "far:/a", "b"], ["version", "far"]):
        result = docker_machine.run(*words)
        assert result.code == 1 and cause.split(".")[0] in result.err, result
        assert file.read_text() == text
    assert docker_machine("ls", "-q") == "far\n"
    assert docker_machine.run("active", environment={"DOCKER_HOST": refusing_url()}).code == 1
    # Nor does what Go's numbers could not hold change on its way to the reader.
    assert '"hetzner"' in docker_machine("inspect", "far") and file.read_text() == text
    assert sorted(os.listdir(file.parent)) == ["config.json"]
    forced = docker_machine.run("rm", "-f", "far")
    assert forced.code == 0 and not file.parent.exists()


def test_readers_survive_a_writer_that_unlinks_first(docker_machine):
    """As the original saves: a temporary file, unlink, rename."""
    add_machine(docker_machine.store, "busy", refusing_url())
    file = config_file(docker_machine.store, "busy")
    text, done = file.read_text(), threading.Event()

    def write():
        number = 0
        while not done.is_set():
            temporary = file.with_name(f"config.json.tmp{number % 10}")
            temporary.write_text(text)
            file.unlink()
            os.rename(temporary, file)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(150):
            assert docker_machine("inspect", "-f", "{{.Name}}", "busy") == "busy\n"
            assert docker_machine("ls", "-q") == "busy\n"
    finally:
        done.set()
        writer.join()
