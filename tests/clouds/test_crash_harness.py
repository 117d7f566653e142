"""The kill harness finds what a program loses: shown on small ones that do what a driver does, well and badly."""

import http.server
import shutil
import threading
import urllib.parse

import pytest

import cli
import crash
from api_trace import ApiTrace, ec2_call

# What a driver does, with as many ways to lose something as tests need. MODE says which.
PROGRAM = '''#!/usr/bin/python3 -IB
import os, pathlib, shutil, socket, sys, time, urllib.parse, urllib.request
mode, url, door = (os.environ[name] for name in ("MODE", "URL", "DOOR"))
machines = pathlib.Path(os.environ["HOME"]) / ".docker" / "machine" / "machines"
command, name = sys.argv[1], sys.argv[-1]
folder = machines / name

def call(action):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(url, urllib.parse.urlencode({"Action": action, "Name": name}).encode()).read().decode()

def save(text):
    draft = machines / ("." + name)
    draft.mkdir(parents=True, exist_ok=True)
    (draft / "config.json").write_text(text)
    if folder.exists():
        (draft / "config.json").rename(folder / "config.json")
        draft.rmdir()
    else:
        draft.rename(folder)

if command == "create":
    if mode != "saves late":
        save("wanted")
    call("ImportKeyPair")
    call("RunInstances")
    save("made")
    if mode == "asks more when it starts anew" and os.path.exists(machines.parent / "again"):
        call("AllocateAddress")
    machines.parent.joinpath("again").touch() if mode == "asks more when it starts anew" else None
    for _ in range(3):
        call("DescribeInstances")
    socket.create_connection(("127.0.0.1", int(door)))
    time.sleep(60)
elif command == "ls":
    print("\\n".join(sorted(path.name for path in machines.iterdir() if path.is_dir() and path.name[0] != ".")))
elif command == "rm":
    if mode == "forgets first":
        shutil.rmtree(folder)
    if mode != "believes its record" or (folder / "config.json").read_text() == "made":
        call("TerminateInstances")
    call("DeleteKeyPair")
    shutil.rmtree(folder, ignore_errors=True)
'''


class Provider(http.server.ThreadingHTTPServer):
    """Has instances and keys by name."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Request)
        self.things = set()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def left(self):
        return sorted(self.things)


class Request(http.server.BaseHTTPRequestHandler):
    MAKES = {"ImportKeyPair": "key", "RunInstances": "instance", "AllocateAddress": "address"}
    ENDS = {"DeleteKeyPair": "key", "TerminateInstances": "instance"}

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if form["Action"] in self.MAKES:
            self.server.things.add(f"{self.MAKES[form['Action']]} {form['Name']}")
        self.server.things.discard(f"{self.ENDS.get(form['Action'])} {form['Name']}")
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@pytest.fixture
def make_subject(tmp_path, ssh_door):
    provider = Provider()
    trace = ApiTrace(provider.server_port, ec2_call)
    program = tmp_path / "program"
    program.write_text(PROGRAM)
    program.chmod(0o755)

    def make(mode):
        machine = cli.DockerMachine(program, tmp_path / "home")
        machine.environment.update(MODE=mode, URL=trace.url, DOOR=str(ssh_door.port))
        (machine.store / "machines").mkdir(parents=True)
        return crash.Subject(machine, [], "dev", trace, ssh_door, provider.left)

    yield make
    trace.close()
    provider.shutdown()
    provider.server_close()


def test_a_careful_program_passes(make_subject, tmp_path):
    subject = make_subject("careful")
    points = crash.kill_create_at_every_call(subject)
    assert [str(point) for point in points[:3]] == ["killed before 'ImportKeyPair 1'", "killed after 'ImportKeyPair 1'", "killed before 'RunInstances 1'"]
    assert {point.id for point in points} == {"ImportKeyPair 1", "RunInstances 1", "DescribeInstances 1", "DescribeInstances again"}
    assert {point.id for point in crash.kill_rm_at_every_call(subject)} == {"TerminateInstances 1", "DeleteKeyPair 1"}
    strace = shutil.which("strace")
    if strace:
        assert crash.kill_create_at_every_write(subject, strace, tmp_path, points) >= 4


@pytest.mark.parametrize("mode, told", [
    ("saves late", "killed after 'ImportKeyPair 1', then rm; left:\nkey dev"),
    ("believes its record", "killed after 'RunInstances 1', then rm; left:\ninstance dev"),
    ("asks more when it starts anew", "calls that the traced run did not make: .'AllocateAddress 1'"),
])
def test_what_create_loses_is_found(make_subject, mode, told):
    with pytest.raises(AssertionError, match=told):
        crash.kill_create_at_every_call(make_subject(mode))


def test_what_rm_loses_is_found(make_subject):
    with pytest.raises(AssertionError, match="rm killed before 'TerminateInstances 1'"):
        crash.kill_rm_at_every_call(make_subject("forgets first"))
