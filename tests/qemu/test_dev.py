"""The life of one virtual machine, in the order in which a user leads it: from `create` to `rm`."""

import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from conftest import BOOT_LIMIT, CREATE, PAGE
from tour import tour
from virtual_machine import RESERVATIONS, listeners_of, processes_of

CLIENTS = sorted({client for client in ("/usr/bin/docker", shutil.which("docker")) if client})
CURL = "curl http://$(docker-machine ip dev):8000"
RUN = "docker run -d -p 8000:80 --name webserver webserver"


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--noproxy", "*", *map(str, arguments)], capture_output=True, text=True, timeout=30,
                          check=False)


@tour(CREATE)
def test_create(dev, shell, docker_machine):
    shell.typed.append(CREATE)  # by the fixture, with more options in front of the name
    shown = dev.result.out
    order = ["Running pre-create checks...", "Creating machine...", "Creating the machine's disk...", "Starting the machine at",
             "Waiting for machine to be running", "Detecting operating system", "Waiting for SSH to be available...",
             "Provisioning with debian...", "Copying certs to the remote machine...", "Checking connection to Docker...",
             "Docker is up and running!", " env dev"]
    places = [shown.find(words) for words in order]
    assert -1 not in places and places == sorted(places), shown
    record = dev.record
    if record["UsedAccelerator"] == "tcg":
        assert "using software emulation, which is slow" in shown + dev.result.err
    assert docker_machine("ssh", "dev", "hostname") == "dev\n"
    again = docker_machine.run("create", "dev")
    assert again.code == 1 and 'Docker machine "dev" already exists' in again.err
    assert docker_machine("status", "dev") == "Running\n"


@tour("docker-machine ls")
def test_ls_shows_url_and_engine(dev, shell):
    head, row = shell("docker-machine ls").splitlines()
    assert head.split() == ["NAME", "ACTIVE", "DRIVER", "STATE", "URL", "SWARM", "DOCKER", "ERRORS"]
    assert re.fullmatch(rf"dev +- +qemu +Running +tcp://{re.escape(dev.address)}:2376 +v\d+\.\d+\.\d+\S*", row.rstrip()), row


@tour("eval $(docker-machine env dev)")
@pytest.mark.parametrize("client", CLIENTS)
def test_env_points_the_docker_client_to_the_machine(dev, shell, client):
    told = shell("eval $(docker-machine env dev)\n" + 'echo "$DOCKER_HOST $DOCKER_TLS_VERIFY $DOCKER_MACHINE_NAME"\n'
                 f"{client} version --format '{{{{.Server.Version}}}}'\n{client} info --format '{{{{.Name}}}}'").splitlines()
    assert told[0] == f"tcp://{dev.address}:2376 1 dev"
    assert f"v{told[1]} " in shell("docker-machine ls") + " "
    assert told[2] == "dev"


@tour("eval $(docker-machine env dev)", RUN, CURL, "docker restart webserver", "docker-machine active",
      "eval $(docker-machine env -u)")
def test_a_page_from_a_container(dev, shell, request):
    request.getfixturevalue("webserver")  # here, since the test is to have typed what the fixture types
    assert shell.until_it_succeeds(CURL) == PAGE
    assert shell("eval $(docker-machine env dev)\ndocker restart webserver") == "webserver\n"
    assert shell.until_it_succeeds(CURL) == PAGE
    assert shell("eval $(docker-machine env dev)\ndocker-machine active") == "dev\n"
    assert re.search(r"^dev +\* ", shell("eval $(docker-machine env dev)\ndocker-machine ls"), re.MULTILINE)
    away = shell("eval $(docker-machine env dev)\neval $(docker-machine env -u)\n"
                 f'echo "${{DOCKER_HOST-}}${{DOCKER_TLS_VERIFY-}}${{DOCKER_CERT_PATH-}}${{DOCKER_MACHINE_NAME-}}."\n{CURL}')
    assert away == ".\n" + PAGE
    nobody = shell.run("eval $(docker-machine env -u)\ndocker-machine active")
    assert nobody.code == 1 and "No active host found" in nobody.err


def test_compose_puts_two_services_up_and_down(dev, shell, webserver):
    folder = shell.folder / "two"
    folder.mkdir()
    (folder / "docker-compose.yml").write_text(
        'version: "3"\nservices:\n'
        '  web:\n    image: webserver\n    ports: ["8000:80"]\n'
        '  other:\n    image: webserver\n    depends_on: [web]\n    command: ["/bin/busybox", "sleep", "100000"]\n')
    begin = "eval $(docker-machine env dev)\ncd two\n"
    shell("eval $(docker-machine env dev)\ndocker stop --time 1 webserver")  # it has the port
    try:
        shell(begin + "docker-compose up -d", limit=120)
        assert sorted(shell(begin + "docker-compose ps --services --filter status=running").split()) == ["other", "web"]
        assert shell.until_it_succeeds(CURL) == PAGE
        address = shell(begin + "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' two_web_1").strip()
        assert shell(begin + f"docker-compose exec -T other /bin/busybox wget -q -O - http://{address}") == PAGE
    finally:
        down = shell.run(begin + "docker-compose down --timeout 1", limit=120)
    assert down.code == 0, down
    assert shell(begin + "docker-compose ps -q") == ""
    assert curl(f"http://{dev.address}:8000").returncode != 0


@tour("docker $(docker-machine config dev) ps")
def test_config_gives_the_options_of_one_docker_command(dev, shell, webserver):
    # The values are in quotes, as the original's; docker takes them so.
    assert " webserver" in shell("docker $(docker-machine config dev) ps")
    lines = shell("docker-machine config dev").splitlines()
    assert lines == ["--tlsverify", f'--tlscacert="{dev.folder}/ca.pem"', f'--tlscert="{dev.folder}/cert.pem"',
                     f'--tlskey="{dev.folder}/key.pem"', f"-H=tcp://{dev.address}:2376"]


def test_only_our_certificate_opens_the_engine(dev, docker_machine):
    ping = f"https://{dev.address}:2376/_ping"
    ours = docker_machine.store / "certs"
    known = curl("--cacert", ours / "ca.pem", "--cert", ours / "cert.pem", "--key", ours / "key.pem", ping)
    assert known.stdout == "OK", known

    nobody = curl("-k", ping)
    assert nobody.returncode != 0 and nobody.stdout == "" and "alert" in nobody.stderr, nobody

    # Another user's docker-machine makes the very same kind of certificate, from another authority.
    theirs = docker_machine.home / "theirs"
    docker_machine("--storage-path", theirs, "create", "--driver", "none", "--url", "tcp://127.0.0.1:1", "any")
    stranger = curl("-k", "--cert", theirs / "certs" / "cert.pem", "--key", theirs / "certs" / "key.pem", ping)
    assert stranger.returncode != 0 and stranger.stdout == "" and "alert" in stranger.stderr, stranger

    plain = curl("-w", "%{http_code}", f"http://{dev.address}:2376/_ping")
    assert plain.stdout.endswith("400") and "HTTP request to an HTTPS server" in plain.stdout, plain


def test_the_host_key_was_known_before_the_first_contact(dev):
    name, kind, key = (dev.folder / "known_hosts").read_text().split()
    assert (name, kind) == ("dev", "ecdsa-sha2-nistp256")
    # It is the one that the machine was given for its first boot, and it has been there since before that.
    assert key.encode() in (dev.folder / "seed.iso").read_bytes()
    assert (dev.folder / "known_hosts").stat().st_mtime_ns <= (dev.folder / "seed.iso").stat().st_mtime_ns
    answer = subprocess.run(
        ["ssh", "-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={dev.folder / 'known_hosts'}",
         "-o", "GlobalKnownHostsFile=/dev/null", "-o", "HostKeyAlias=dev", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
         "-i", dev.folder / "id_rsa", "-p", str(dev.ssh_port), f"docker@{dev.address}", "sudo cat /etc/ssh/ssh_host_*_key.pub"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 0, answer
    # It is its only one: no other was made on the machine, which a client might be offered instead.
    assert [line.split()[:2] for line in answer.stdout.splitlines()] == [[kind, key]]


def test_engine_options_arrived(dev, shell, docker_machine, served_certificate):
    environment = docker_machine("ssh", "dev", "systemctl show docker -p Environment")
    assert '"FOO=bar baz"' in environment
    labels = json.loads(shell("eval $(docker-machine env dev)\ndocker info --format '{{json .Labels}}'"))
    assert sorted(labels) == ["provider=qemu", "tier=test"]
    assert served_certificate().splitlines()[-1].strip() == f"DNS:dev.example, DNS:localhost, IP Address:{dev.address}"


@tour("docker-machine status dev", "docker-machine url dev", "docker-machine version dev",
      "docker-machine inspect --format '{{.Driver.SSHPort}}' dev")
def test_looking_at_it(dev, shell):
    assert shell("docker-machine status dev") == "Running\n"
    assert shell("docker-machine url dev") == f"tcp://{dev.address}:2376\n"
    assert shell("docker-machine ip dev") == f"{dev.address}\n"
    assert shell("docker-machine inspect --format '{{.Driver.SSHPort}}' dev") == f"{dev.ssh_port}\n"
    assert 2222 <= dev.ssh_port <= 2299
    assert shell("docker-machine inspect -f '{{.Name}} {{.DriverName}} {{.Driver.IPAddress}}' dev") == f"dev qemu {dev.address}\n"
    whole = json.loads(shell("docker-machine inspect dev"))
    assert whole["ConfigVersion"] == 3 and whole["HostOptions"]["EngineOptions"]["Labels"] == ["tier=test"]
    engine = shell("eval $(docker-machine env dev)\ndocker version --format '{{.Server.Version}}'")
    assert shell("docker-machine version dev") == engine


@tour("docker-machine ssh dev uname -r")
def test_ssh_passes_on_status_input_and_terminal(dev, shell, docker_machine):
    assert re.fullmatch(r"\d+\.\d+\.\S+\n", shell("docker-machine ssh dev uname -r"))
    assert shell.run("docker-machine ssh dev 'exit 7'").code == 7
    assert shell("echo hi | docker-machine ssh dev cat") == "hi\n"
    assert docker_machine.run("ssh", "dev", "cat >&2", input="over\n").err == "over\n"
    with docker_machine.terminal("ssh", "dev", rows=33, columns=101) as terminal:
        terminal.expect(r"docker@dev")
        terminal.send("tty; stty size; exit 5\r")
        terminal.expect(r"/dev/pts/\d+")
        terminal.expect("33 101")
        assert terminal.finish() == 5


@tour("docker-machine scp notes.txt dev:/tmp/")
def test_scp_copies_both_ways(dev, shell):
    notes = "some notes\n" * 10000
    (shell.folder / "notes.txt").write_text(notes)
    shell("docker-machine scp notes.txt dev:/tmp/")
    shell("docker-machine scp dev:/tmp/notes.txt back.txt")
    assert (shell.folder / "back.txt").read_text() == notes
    refused = shell.run("docker-machine scp dev:/nowhere back.txt")
    assert refused.code == 1 and "No such file" in refused.err


def test_the_machine_is_nobodys_child_and_open_at_its_address_only(dev):
    [number] = dev.processes()
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{number}/status", encoding="utf-8").read().splitlines()
                  if ":\t" in line)
    parent = open(f"/proc/{status['PPid']}/comm", encoding="utf-8").read().strip() if status["PPid"] != "0" else ""
    assert parent != "docker-machine"
    assert os.getsid(number) != os.getsid(0)
    assert {os.readlink(f"/proc/{number}/fd/{stream}") for stream in (0, 1, 2)} == {"/dev/null"}
    assert listeners_of(number) == {(dev.address, dev.ssh_port), (dev.address, 2376), (dev.address, 8000)}
    address = ipaddress.ip_address(dev.address)
    assert address.is_loopback and address != ipaddress.ip_address("127.0.0.1")
    assert dev.reservations == [dev.address]


def test_a_store_that_was_moved_works_as_it_is(dev, shell, docker_machine):
    url, elsewhere = f"tcp://{dev.address}:2376", docker_machine.home / "moved here"
    shutil.move(docker_machine.store, elsewhere)
    try:
        begin = f"export MACHINE_STORAGE_PATH='{elsewhere}'\n"
        assert re.search(rf"^dev .* Running +{re.escape(url)} +v\d", shell(begin + "docker-machine ls"), re.MULTILINE)
        # Not by `eval $(…)`: the path has a blank, which only quotes bring through.
        assert shell(begin + 'eval "$(docker-machine env dev)"\ndocker info --format "{{.Name}}"') == "dev\n"
        assert shell(begin + "docker-machine ssh dev hostname") == "dev\n"
        (shell.folder / "moved.txt").write_text("moved\n")
        shell(begin + "docker-machine scp moved.txt dev:/tmp/moved.txt")
        assert shell(begin + "docker-machine status dev") == "Running\n"
    finally:
        shutil.move(elsewhere, docker_machine.store)
    assert docker_machine("ssh", "dev", "cat", "/tmp/moved.txt") == "moved\n"


def test_a_second_machine_has_the_same_ports_and_a_killed_creation_can_be_removed(dev, docker_machine, image, new_machine):
    second = new_machine("second")
    running = docker_machine.start("create", "--qemu-image", image, "--qemu-open-port", "8000", "second")
    try:
        number = second.wait_for_process()
        running.signal(signal.SIGKILL)
        assert running.finish().code == -signal.SIGKILL
    finally:
        running.abandon()
    assert second.address != dev.address
    listeners = {(second.address, second.ssh_port), (second.address, 2376), (second.address, 8000)}
    # It has noted its number before it listens.
    until = time.monotonic() + 60
    while listeners_of(number) != listeners and time.monotonic() < until:
        time.sleep(0.1)
    assert listeners_of(number) == listeners
    assert second.reservations == [second.address]

    rows = docker_machine("ls", "--timeout", "5")
    assert re.search(r"^second .*Creation did not finish", rows, re.MULTILINE), rows
    assert re.search(rf"^dev .*Running +tcp://{re.escape(dev.address)}:2376 +v\d", rows, re.MULTILINE), rows
    uuid = second.uuid
    docker_machine("rm", "-y", "second")
    assert processes_of(uuid) == []
    assert not second.folder.exists() and second.reservations == []
    assert docker_machine("ls", "-q") == "dev\n"


@tour("docker-machine certs dev", "docker-machine regenerate-certs -f dev")
def test_a_new_certificate(dev, shell, served_certificate):
    before = served_certificate()
    shown = shell("docker-machine certs dev").splitlines()
    assert [line.split()[:2] for line in shown if line.startswith("dev")] == [["dev", "server"], ["dev", "copy"], ["dev", "copy"]]
    shell("docker-machine regenerate-certs -f dev", limit=180)
    after = served_certificate()
    assert before.splitlines()[0].startswith("serial=") and before.splitlines()[0] != after.splitlines()[0]
    assert before.splitlines()[1:] == after.splitlines()[1:]  # the same names
    assert shell("eval $(docker-machine env dev)\ndocker info --format '{{.Name}}'") == "dev\n"


@tour("docker-machine provision dev")
def test_provision_once_more(dev, shell, docker_machine, served_certificate):
    docker_machine("ssh", "dev", "sudo rm /etc/systemd/system/docker.service.d/10-machine.conf")
    shown = shell("docker-machine provision dev", limit=180)
    assert "Provisioning with debian..." in shown
    assert '"FOO=bar baz"' in docker_machine("ssh", "dev", "systemctl show docker -p Environment")
    assert "DNS:dev.example" in served_certificate()
    assert shell("eval $(docker-machine env dev)\ndocker info --format '{{.Name}}'") == "dev\n"


def test_doctor_sets_a_clock_that_is_wrong(dev, docker_machine, webserver):
    """400 days behind, the machine takes our certificate for one of the future. It is wrong for certain: its own was made later."""
    docker_machine("ssh", "dev", "sudo timedatectl set-ntp false; sudo date -s \"@$(($(date +%s) - 400 * 86400))\"")
    found = docker_machine.run("doctor", "dev")
    assert found.code == 1 and "400 days behind ours" in found.out and "The machine's is the wrong one" in found.out, found
    behind = int(docker_machine("ssh", "dev", "date +%s"))
    assert time.time() - behind > 399 * 86400, "nothing is changed by looking"
    mended = docker_machine.run("doctor", "--fix", "dev", limit=120)
    assert mended.code == 0 and "The clock was set." in mended.out, mended
    assert abs(time.time() - int(docker_machine("ssh", "dev", "date +%s"))) < 30
    assert docker_machine.run("doctor", "dev").code == 0


@tour("docker-machine restart dev")
def test_restart(dev, shell, docker_machine):
    boot = docker_machine("ssh", "dev", "cat /proc/sys/kernel/random/boot_id")
    address = dev.address
    shown = shell("docker-machine restart dev", limit=BOOT_LIMIT)
    assert shown.startswith('Restarting "dev"...\n')
    assert docker_machine("ssh", "dev", "cat /proc/sys/kernel/random/boot_id") != boot
    assert docker_machine("url", "dev") == f"tcp://{address}:2376\n"
    assert shell("eval $(docker-machine env dev)\ndocker info --format '{{.Name}}'") == "dev\n"


@tour("docker-machine stop dev", "docker-machine start dev")
def test_stop_and_start(dev, shell, docker_machine, webserver):
    url, uuid, address = docker_machine("url", "dev"), dev.uuid, dev.address
    shell("eval $(docker-machine env dev)\ndocker update --restart unless-stopped webserver")

    running = docker_machine.run("rename", "dev", "box")
    assert running.code == 1 and 'the virtual machine "dev" runs' in running.err
    shown = shell("docker-machine stop dev", limit=120)
    assert shown.startswith('Stopping "dev"...\n') and 'Machine "dev" was stopped.\n' in shown
    assert docker_machine("status", "dev") == "Stopped\n"
    assert dev.processes() == []
    for command in ("ip", "url"):
        refused = docker_machine.run(command, "dev")
        assert refused.code == 1 and refused.out == "" and "Host is not running" in refused.err, refused
    for command in (["env", "dev"], ["config", "dev"], ["ssh", "dev", "true"]):
        refused = docker_machine.run(*command)
        assert refused.code == 1 and refused.out == "" and "is not running" in refused.err, refused
    assert re.search(r"^dev +- +qemu +Stopped +Unknown *$", docker_machine("ls"), re.MULTILINE), docker_machine("ls")
    again = docker_machine.run("stop", "dev")
    assert again.code == 1 and 'Machine "dev" is already stopped.' in again.err
    assert dev.address == address and dev.reservations == [address]  # nobody gets it meanwhile
    docker_machine("rename", "dev", "box")
    assert docker_machine("status", "box") == "Stopped\n" and dev.reservations == []
    docker_machine("rename", "box", "dev")
    assert dev.address == address and dev.reservations == [address]

    shown = shell("docker-machine start dev", limit=BOOT_LIMIT)
    assert shown.startswith('Starting "dev"...\n') and 'Machine "dev" was started.\n' in shown
    assert docker_machine("url", "dev") == url and dev.uuid == uuid
    # The certificate is right for it still, which env checks; and what was to come back has come back.
    assert shell("eval $(docker-machine env dev)\ndocker info --format '{{.Name}}'") == "dev\n"
    assert shell.until_it_succeeds(CURL) == PAGE
    again = docker_machine.run("start", "dev")
    assert again.code == 1 and 'Machine "dev" is already running.' in again.err


def test_a_start_at_another_address(dev, docker_machine, shell, served_certificate, tmp_path):
    """Its own was given to another machine while it was off: the record and the certificate follow by themselves."""
    old = dev.address
    docker_machine("stop", "dev", limit=120)
    reservation = RESERVATIONS / old
    reservation.write_text(json.dumps({"User": os.geteuid(), "Folder": str(tmp_path)}) + "\n")
    try:
        started = docker_machine.run("start", "dev", limit=BOOT_LIMIT)
        assert started.code == 0, started
        assert f"The address {old} has been given to another machine" in started.err
        assert dev.address != old and docker_machine("ip", "dev") == f"{dev.address}\n"
        assert f'Renewing the certificate of "dev" for {dev.address}...\n' in started.out
        assert dev.address in served_certificate() and "DNS:dev.example" in served_certificate()
        told = docker_machine.run("env", "dev")
        assert told.code == 0 and told.err == "" and f'"tcp://{dev.address}:2376"' in told.out
        assert shell("eval $(docker-machine env dev)\ndocker info --format '{{.Name}}'") == "dev\n"
    finally:
        reservation.unlink()


@tour("docker-machine kill dev")
def test_kill(dev, shell, docker_machine):
    shown = shell("docker-machine kill dev")
    assert shown.startswith('Killing "dev"...\n') and 'Machine "dev" was killed.\n' in shown
    assert dev.processes() == []
    assert docker_machine("status", "dev") == "Stopped\n"
    assert docker_machine.run("ip", "dev").code == 1


@tour("docker-machine create --driver none --url tcp://192.0.2.8:2376 shared", "docker-machine rm -y dev web shared")
def test_rm_leaves_nothing(created, shell, docker_machine, new_machine):
    # Stopped or running: that a running one is ended as well is tested with the machines that were not finished.
    dev, shared, web = created, new_machine("shared"), new_machine("web")
    shell("docker-machine create --driver none --url tcp://192.0.2.8:2376 shared")
    assert docker_machine("url", "shared") == "tcp://192.0.2.8:2376\n"
    # The tour's is of the driver generic, and tested with a host of its own.
    docker_machine("create", "--driver", "none", "--url", "tcp://192.0.2.7:2376", "web")
    uuid = dev.uuid
    assert docker_machine("ls", "-q") == "dev\nshared\nweb\n"
    shell("docker-machine rm -y dev web shared")
    assert processes_of(uuid) == []
    assert dev.reservations == []
    assert not any(machine.folder.exists() for machine in (dev, web, shared))
    assert docker_machine("ls", "-q") == ""
