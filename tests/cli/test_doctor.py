"""`doctor` without a host: what it finds on this computer, at providers, and with those who never answer."""

import http.server
import json
import threading

import pytest

from servers import FullQueue, SilentServer
from store import add_machine, generic, refusing_url


class Api(http.server.BaseHTTPRequestHandler):
    """DigitalOcean's API as far as it tells of one droplet."""

    def do_GET(self):
        status, answer = self.server.answer
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    """A provider whose token was withdrawn, until `answer` is another one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.answer = 401, {"id": "Unauthorized", "message": "Unable to authenticate you"}
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def states(docker_machine, *words):
    """The exit code, and {(machine, check): (state, what, why, mend)} of all that is not ok."""
    result = docker_machine.run("doctor", "--format", "json", *words)
    return result.code, {(row["Machine"], row["Check"]): (row["State"], row["What"], row["Why"], row["Mend"])
                         for row in json.loads(result.out) if row["State"] != "ok"}


def droplet(url):
    """Makes of a none machine a droplet, for add_machine()."""

    def change(document):
        document["DriverName"] = "digitalocean"
        document["Driver"].update(IPAddress="127.0.0.1", DropletID=17, Region="nyc3", AccessToken="withdrawn", APIEndpoint=url,
                                  SSHPort=1, SSHUser="root")
        del document["Driver"]["URL"]

    return change


def test_nothing_is_wrong_with_nothing(bare):
    assert bare("doctor") == "" and bare("doctor", "--format", "json") == "[]\n"
    assert not bare.store.exists()


def test_refused_credentials_are_named_with_their_flag(docker_machine, api):
    add_machine(docker_machine.store, "drop", refusing_url(), droplet(api.url))
    code, found = states(docker_machine)
    state, what, why, mend = found["drop", "driver"]
    assert (code, state) == (1, "wrong") and "401 Unable to authenticate you" in what and "withdrawn" in why
    assert "docker-machine modify drop" in mend and "--digitalocean-access-token" in mend and "DIGITALOCEAN_ACCESS_TOKEN" in mend
    assert "withdrawn" not in what + mend, "the token itself is told to nobody"
    # The rest is looked at all the same, where the machine was last.
    assert "connection refused" in found["drop", "ssh port"][1] and "connection refused" in found["drop", "engine port"][1]
    assert "Recovery Console" in found["drop", "ssh port"][3]


def test_a_droplet_that_has_moved(docker_machine, api):
    file = add_machine(docker_machine.store, "drop", refusing_url(), droplet(api.url))
    api.answer = 200, {"droplet": {"id": 17, "status": "active", "networks": {"v4": [{"ip_address": "127.0.0.2", "type": "public"}]}}}
    before = file.read_bytes()
    found = states(docker_machine)[1]
    assert "It is at 127.0.0.2 now, and its record says 127.0.0.1" in found["drop", "driver"][1]
    assert "127.0.0.2:1: connect: connection refused" in found["drop", "ssh port"][1] and file.read_bytes() == before
    found = states(docker_machine, "--fix", "drop")[1]
    assert found["drop", "driver"][0] == "mended" and json.loads(file.read_text())["Driver"]["IPAddress"] == "127.0.0.2"
    # Off is no fault; nothing of what comes of it is reported.
    api.answer[1]["droplet"]["status"] = "off"
    found = states(docker_machine)[1]
    assert found["drop", "driver"][0] == "unknown" and "docker-machine start drop" in found["drop", "driver"][1]
    assert {check for (_, check), row in found.items() if row[0] == "wrong"} <= {"key", "certificates"}


def test_what_lies_here(docker_machine, tmp_path):
    store = docker_machine.store
    add_machine(store, "broken", refusing_url()).write_text("{")
    key = tmp_path / "id"
    key.write_text("no key, but a file")
    key.chmod(0o644)
    add_machine(store, "open", refusing_url(), generic(1, key=key))
    add_machine(store, "keyless", refusing_url(), generic(1, key=tmp_path / "nowhere"))
    for file in store.glob("machines/*/*.pem"):
        file.unlink()
    code, found = states(docker_machine)
    assert code == 1 and found["broken", "record"][0] == "wrong" and "docker-machine restore" in found["broken", "record"][3]
    assert [check for name, check in found if name == "broken" and found[name, check][0] == "wrong"] == ["record"]
    assert "mode 0644" in found["open", "key"][1] and found["open", "key"][3] == "docker-machine doctor --fix"
    assert "is not there" in found["keyless", "key"][1] and found["keyless", "ssh"][0] == "unknown"
    assert docker_machine.run("doctor", "--fix", "open").code == 1
    assert key.stat().st_mode & 0o777 == 0o600
    shown = docker_machine.run("doctor", "--fix", "open")
    assert "  wrong    ssh port: " in shown.out and "  unknown  ssh, disk, engine, tls: not looked at" in shown.out


def test_those_who_never_answer_hold_nobody_up(docker_machine):
    with FullQueue() as full, SilentServer() as silent:
        for i in range(8):
            add_machine(docker_machine.store, f"full-{i}", refusing_url(), generic(full.port))
            add_machine(docker_machine.store, f"silent-{i}", refusing_url(), generic(silent.port))
        result = docker_machine.run("doctor", "--fix", "--format", "{{.Machine}} {{.Check}} {{.State}} {{.What}}", limit=60)
    assert result.code == 1 and result.seconds < 45, result
    assert "full-7 ssh port wrong The SSH port does not answer: dial tcp 127.0.0.1" in result.out
    assert "silent-0 ssh wrong The SSH server takes connections and says nothing" in result.out
    assert "silent-0 tls wrong The engine takes connections and does not answer" in result.out


@pytest.mark.parametrize("words, message", [(["nowhere"], 'Docker machine "nowhere" does not exist.'), (["-f", "{{"], "template")])
def test_what_cannot_be_examined(docker_machine, words, message):
    result = docker_machine.run("doctor", *words)
    assert result.code == 1 and message in result.err and result.out == ""
