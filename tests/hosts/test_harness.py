"""The tests' own tools: hosts that behave as hosts, a proxy that does what it is told, a runner that measures."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

import cli
import guard
from host import make_key, ssh_answers

SERVER = """
FROM scratch
COPY busybox /bin/busybox
COPY index.html /www/index.html
STOPSIGNAL SIGKILL
CMD ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www"]
"""


def build_server(host, text):
    """Builds the image 'web' on the host: nothing but busybox and a page."""
    host.write("/root/web/busybox", Path("/bin/busybox").read_bytes(), 0o755)
    host.write("/root/web/index.html", text.encode())
    host.write("/root/web/Dockerfile", SERVER.encode())
    host.ssh("cd web && docker build --quiet --tag web .")


def page(url, limit=10):
    """The page at `url`, as soon as there is one."""
    until = time.monotonic() + limit
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(url, timeout=2) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


# --- hosts


def test_bare_host_runs_systemd_and_lets_the_key_in(bare_host):
    assert bare_host.wait_for_boot() in ("running", "degraded")
    assert bare_host.ssh("cat /proc/1/comm").stdout == "systemd\n"
    assert bare_host.ssh("whoami").stdout == "root\n"
    assert bare_host.ssh("type docker", check=False).returncode != 0
    assert bare_host.ssh("type curl", check=False).returncode != 0
    assert "ID=debian\n" in bare_host.read("/etc/os-release").decode()


def test_admin_has_sudo_without_a_password(bare_host):
    assert bare_host.ssh("whoami", user="admin").stdout == "admin\n"
    assert bare_host.ssh("sudo -n whoami", user="admin").stdout == "root\n"


def test_another_key_is_refused(bare_host, tmp_path):
    bare_host.key = make_key(tmp_path / "other")
    refused = bare_host.ssh("true", check=False)
    assert refused.returncode == 255
    assert "Permission denied" in refused.stderr


def test_host_is_up_quickly(make_host):
    began = time.monotonic()
    make_host("bare")
    assert time.monotonic() - began < 10  # about 1 s on an idle computer


def test_name_files_can_be_edited_and_replaced(bare_host):
    assert bare_host.ssh("hostname; cat /etc/hostname").stdout == f"{bare_host.name}\n{bare_host.name}\n"
    bare_host.ssh("hostnamectl set-hostname other 2>/dev/null || { hostname other; echo other > /etc/hostname.new"
                  " && mv /etc/hostname.new /etc/hostname; }")
    bare_host.ssh("echo '127.0.1.1 first' >> /etc/hosts && sed -i 's/^127.0.1.1.*/127.0.1.1 other/' /etc/hosts")
    assert bare_host.read("/etc/hostname") == b"other\n"
    assert bare_host.read("/etc/hosts").endswith(b"127.0.1.1 other\n")
    bare_host.stop()
    bare_host.start()
    assert bare_host.ssh("hostname; tail -1 /etc/hosts").stdout == "other\n127.0.1.1 other\n"


def test_exec_read_and_write(bare_host):
    assert bare_host.exec("cat", input="through").stdout == "through"
    assert bare_host.exec(["sh", "-c", "exit 7"], check=False).returncode == 7
    with pytest.raises(AssertionError, match="ended with 3"):
        bare_host.exec("exit 3")
    bare_host.write("/opt/a folder/file", b"\x00\xff", 0o640)
    assert bare_host.read("/opt/a folder/file") == b"\x00\xff"
    assert bare_host.exec("stat -c %a '/opt/a folder/file'").stdout == "640\n"
    with pytest.raises(FileNotFoundError):
        bare_host.read("/opt/none")


def test_stop_start_and_kill_keep_address_and_host_key(bare_host):
    key, boot = bare_host.host_key(), bare_host.boot_id
    bare_host.stop()
    assert not bare_host.running
    assert not ssh_answers(bare_host.address)
    bare_host.start()
    assert bare_host.ssh("whoami").stdout == "root\n"
    bare_host.kill()
    assert not bare_host.running
    bare_host.start()
    assert bare_host.host_key() == key
    assert bare_host.boot_id != boot


def test_reboot_comes_back_and_power_off_does_not(bare_host):
    boot = bare_host.boot_id
    bare_host.ssh("shutdown -r now", check=False)
    bare_host.wait_until(lambda: bare_host.boot_id != boot, "it reboots")
    bare_host.wait_for_ssh()
    boot = bare_host.boot_id
    bare_host.ssh("shutdown -P now", check=False)
    bare_host.wait_until(lambda: not bare_host.running, "it goes off")
    time.sleep(0.5)
    assert not bare_host.running
    assert bare_host.boot_id == boot


def test_paused_host_accepts_and_never_answers(bare_host):
    bare_host.pause()
    with socket.create_connection((bare_host.address, 22), timeout=2) as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        bare_host.unpause()
        connection.settimeout(5)
        assert connection.recv(4) == b"SSH-"


def test_host_keys_differ_and_change(make_host):
    first, second = make_host(), make_host()
    assert first.host_key() != second.host_key()
    assert first.exec("cat /etc/machine-id").stdout != second.exec("cat /etc/machine-id").stdout
    old = first.host_key()
    scanned = subprocess.run(["ssh-keyscan", "-t", "ed25519", first.address], capture_output=True, text=True,
                             timeout=10, check=True).stdout
    assert old in scanned
    assert first.change_host_key() != old
    scanned = subprocess.run(["ssh-keyscan", "-t", "ed25519", first.address], capture_output=True, text=True,
                             timeout=10, check=True).stdout
    assert first.host_key() in scanned


def test_hosts_cannot_change_settings_of_the_computer(bare_host):
    assert bare_host.exec("echo 1 > /proc/sys/vm/swappiness", check=False).returncode != 0
    setting = Path("/proc/sys/net/ipv4/tcp_fin_timeout")
    before = setting.read_text()
    bare_host.exec(f"echo {int(before) + 7} > {setting}")
    assert bare_host.read(str(setting)).decode() == f"{int(before) + 7}\n"
    assert setting.read_text() == before


def test_journal_has_what_the_host_logged(bare_host):
    bare_host.exec("systemd-cat echo a word to remember")
    bare_host.wait_until(lambda: "a word to remember" in bare_host.journal(), "the journal has it", 10)


# --- docker inside


def test_docker_answers_over_ssh(shared_docker_host):
    versions = shared_docker_host.ssh("docker version --format '{{.Server.Version}} {{.Server.Os}}'").stdout
    assert re.match(r"\d+\.\d+\.\d+\S* linux\n", versions)
    assert shared_docker_host.ssh("docker info --format '{{.Driver}}'").stdout == "overlay2\n"
    assert shared_docker_host.wait_for_boot() in ("running", "degraded")


def test_container_publishes_a_port_on_the_address_of_its_host(make_host):
    first, second = make_host("docker"), make_host("docker", user="admin")
    for host in (first, second):
        host.wait_for_engine()
    for host in (first, second):
        host.user = "root"
        build_server(host, f"from {host.name}\n")
        host.ssh("docker run --detach --restart always --publish 8000:80 --name web web")
    # Both at once: each engine has its own groups, layers, bridge and firewall.
    for host in (first, second):
        assert page(f"http://{host.address}:8000/") == f"from {host.name}\n"
        assert host.ssh("docker exec web /bin/busybox echo inside").stdout == "inside\n"
    first.ssh("docker restart --time 1 web")
    assert page(f"http://{first.address}:8000/") == f"from {first.name}\n"
    first.ssh("systemctl restart docker")
    assert page(f"http://{first.address}:8000/") == f"from {first.name}\n"
    first.stop()
    first.start()
    assert page(f"http://{first.address}:8000/", 20) == f"from {first.name}\n"
    second.pause()
    second.unpause()
    assert page(f"http://{second.address}:8000/") == f"from {second.name}\n"


def test_apt_reaches_debian_from_inside(bare_host, engine):
    asked = engine.relay.requests
    bare_host.ssh("apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes docker.io", timeout=300)
    assert engine.relay.requests > asked
    bare_host.wait_for_engine()
    assert bare_host.ssh("docker info --format '{{.Driver}}'").stdout == "overlay2\n"


def test_internet_is_out_of_reach_and_says_so_at_once(shared_docker_host):
    began = time.monotonic()
    assert shared_docker_host.ssh("curl -sSL https://get.example.com", check=False).returncode == 6
    assert time.monotonic() - began < 5


# --- the engine of the tests


def test_engine_leaves_no_trace_when_its_owner_is_killed(engine, tmp_path):
    """A second run, killed in the middle, cleans up by itself; the first one is not disturbed."""
    script = ("import sys, time; sys.path.insert(0, sys.argv[1]); from engine import Engine, bridge_name;"
              "from host import Host, make_key; e = Engine(print, ['bare']); h = Host(e, 'bare', make_key(sys.argv[2]));"
              "print('up', e.folder, bridge_name(e.folder), h.address, flush=True); time.sleep(600)")
    owner = subprocess.Popen([sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path / "key")],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        word, folder, bridge, address = owner.stdout.readline().split()
        assert word == "up"
        folder = Path(folder)
        assert folder != engine.folder
        assert ssh_answers(address)
        assert guard.processes_of(folder)
        assert Path("/sys/class/net", bridge).exists()
    finally:
        owner.kill()
        owner.wait(10)
        owner.stdout.close()
    until = time.monotonic() + 30
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not folder.exists()
    assert not guard.processes_of(folder)
    assert not Path("/sys/class/net", bridge).exists()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{guard.cgroup_of(folder)}"))
    assert engine.docker("version").returncode == 0


# --- the proxy


class Echo:
    """A server on loopback that returns what it gets."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    @staticmethod
    def _echo(connection):
        with connection:
            try:
                while block := connection.recv(65536):
                    connection.sendall(block)
            except OSError:
                pass

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def ask(connection, text):
    """Sends, and waits for as much to come back; what came by the end of the connection."""
    connection.sendall(text)
    got = b""
    while len(got) < len(text):
        block = connection.recv(65536)
        if not block:
            break
        got += block
    return got


def is_silent(connection, seconds=0.3):
    connection.settimeout(seconds)
    try:
        connection.recv(1)
        return False
    except TimeoutError:
        return True


def test_proxy_passes_on_and_counts(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port)
    data = os.urandom(1_000_000)
    with connect(proxy) as first, connect(proxy) as second:
        threading.Thread(target=first.sendall, args=(data,), daemon=True).start()
        got = b""
        while len(got) < len(data):
            got += first.recv(65536)
        assert got == data
        assert ask(second, b"small") == b"small"
        second.shutdown(socket.SHUT_WR)
        assert second.recv(1) == b""
        counts = proxy.counts
        assert (counts.connections, counts.most_open) == (2, 2)
        assert counts.bytes_up == counts.bytes_down == 1_000_005


def test_proxy_delays_each_round_trip_and_the_handshake(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port, round_trip=0.5)
    with connect(proxy) as connection:
        began = time.monotonic()
        ask(connection, b"1")
        first = time.monotonic() - began
        began = time.monotonic()
        ask(connection, b"2")
        second = time.monotonic() - began
        proxy.round_trip = 0
        began = time.monotonic()
        ask(connection, b"3")
        third = time.monotonic() - began
    assert 1.0 <= first < 1.5
    assert 0.5 <= second < 1.0
    assert third < 0.5


def test_proxy_delay_costs_no_throughput(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port, round_trip=0.2)
    with connect(proxy) as connection:
        began = time.monotonic()
        assert ask(connection, b"x" * 6_000_000) == b"x" * 6_000_000
        assert time.monotonic() - began < 4  # 0.1 s for each block, one after the other, would be 18 s


def test_proxy_hangs_from_a_byte_on(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port, hang_after_bytes=10)
    with connect(proxy) as connection:
        assert ask(connection, b"12345") == b"12345"
        connection.sendall(b"67")
        assert is_silent(connection)
        assert proxy.counts.bytes_up + proxy.counts.bytes_down == 10
        assert proxy.counts.open == 1
    proxy.hang_after_bytes = None
    with connect(proxy) as connection:
        assert ask(connection, b"12345678") == b"12345678"


def test_proxy_hangs_after_so_many_connections(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port, hang_after_connections=1)
    with connect(proxy) as first, connect(proxy) as second:
        assert ask(first, b"served") == b"served"
        second.sendall(b"never")
        assert is_silent(second)
        assert ask(first, b"still") == b"still"


def test_proxy_hangs_at_a_word(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port)
    with connect(proxy) as connection:
        assert ask(connection, b"before") == b"before"
        proxy.hang()
        connection.sendall(b"lost")
        assert is_silent(connection)
        proxy.resume()
        connection.settimeout(5)
        assert ask(connection, b"after") == b"after"


def test_proxy_cuts_at_a_byte_and_at_a_word(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port, cut_after_bytes=8)
    with connect(proxy) as connection:
        assert ask(connection, b"123") == b"123"
        connection.sendall(b"4567")
        with pytest.raises(ConnectionResetError):
            while connection.recv(1):
                pass
    proxy.cut_after_bytes = None
    with connect(proxy) as connection:
        assert ask(connection, b"fine") == b"fine"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with connect(proxy) as connection:
        assert ask(connection, b"again") == b"again"


def test_proxy_cuts_after_so_many_connections(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port, cut_after_connections=1)
    with connect(proxy) as connection:
        assert ask(connection, b"served") == b"served"
    with pytest.raises(ConnectionResetError), connect(proxy) as connection:
        connection.recv(1)


def test_proxy_refuses_and_keeps_its_port(make_proxy, echo):
    proxy = make_proxy("127.0.0.1", echo.port)
    with connect(proxy) as old:
        assert ask(old, b"1") == b"1"
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        assert ask(old, b"2") == b"2"
        proxy.accept()
        with connect(proxy) as new:
            assert ask(new, b"3") == b"3"
    assert proxy.counts.connections == 2


def test_proxy_cuts_when_nobody_is_behind_it(make_proxy):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    proxy = make_proxy("127.0.0.1", port)
    with pytest.raises(ConnectionResetError), connect(proxy) as connection:
        connection.recv(1)


def test_ssh_through_the_proxy_is_slower_and_counted(bare_host, make_proxy):
    proxy = make_proxy(bare_host.address, 22, round_trip=0.1)
    began = time.monotonic()
    made = subprocess.run(bare_host.ssh_argv("whoami", port=proxy.port, address="127.0.0.1"),
                          capture_output=True, text=True, timeout=30, check=True, stdin=subprocess.DEVNULL)
    assert made.stdout == "root\n"
    assert time.monotonic() - began > 0.6
    assert proxy.counts.connections == 1


def test_proxy_as_a_program(echo):
    program = subprocess.Popen([sys.executable, str(Path(__file__).with_name("proxy.py")), "--to",
                                f"127.0.0.1:{echo.port}", "--delay", "100"], stdout=subprocess.PIPE, text=True)
    port = int(program.stdout.readline())
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        began = time.monotonic()
        assert ask(connection, b"ping") == b"ping"
        assert time.monotonic() - began >= 0.2
    program.terminate()
    rest = program.communicate(timeout=10)[0]
    assert program.returncode == 0
    assert '"connections": 1' in rest and '"bytes_up": 4' in rest


# --- the runner of docker-machine, shown with a shell in its place


@pytest.fixture
def shell(tmp_path):
    return cli.DockerMachine("/bin/sh", tmp_path / "home")


def test_command_has_its_own_home_and_nothing_of_ours(shell, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2376")
    monkeypatch.setenv("MACHINE_STORAGE_PATH", "/nowhere")
    result = shell.run("-c", 'echo "$HOME"; echo "$DOCKER_HOST$MACHINE_STORAGE_PATH" >&2; cat; exit 3', input="typed")
    assert (result.code, result.out, result.err) == (3, f"{shell.home}\ntyped", "\n")
    assert shell("-c", "echo $WORD", environment={"WORD": "fine"}) == "fine\n"
    assert shell.store == shell.home / ".docker" / "machine"
    with pytest.raises(AssertionError, match="ended with 4"):
        shell("-c", "exit 4")


def test_command_that_hangs_is_ended_with_its_children(shell):
    began = time.monotonic()
    with pytest.raises(cli.OutOfTime, match="did not end(?s:.*)said this"):
        shell.run("-c", "echo said this; sleep 300 & echo $! > child; wait", limit=0.5)
    assert time.monotonic() - began < 5
    child = (shell.home / "child").read_text().strip()
    until = time.monotonic() + 5
    while Path("/proc", child).exists() and "Z" not in Path("/proc", child, "stat").read_text().split()[2]:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_output_that_is_held_open_is_noticed(shell):
    with pytest.raises(cli.OutOfTime, match="holds its output open"):
        shell.run("-c", "sleep 300 & echo done", limit=0.5)


def test_command_can_be_interrupted(shell):
    running = shell.start("-c", "trap 'echo cleaning; exit 130' INT; touch ready; while :; do sleep 0.05; done")
    until = time.monotonic() + 5
    while not (shell.home / "ready").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    assert running.alive
    running.signal(signal.SIGINT)
    result = running.finish(limit=5)
    assert (result.code, result.out) == (130, "cleaning\n")


def test_terminal_is_a_terminal(shell):
    with shell.terminal("-c", 'test -t 0 && test -t 1 && test -t 2 && stty size; read -p "Sure? " x; echo "got <$x>";'
                        "exit 5", rows=33, columns=101) as terminal:
        terminal.expect("33 101")
        terminal.expect(r"Sure\? ")
        terminal.send("yes\r")
        assert terminal.expect("got <(.*)>").group(1) == "yes"
        assert terminal.finish(5) == 5


def test_terminal_passes_on_ctrl_c_and_resizing(shell):
    with shell.terminal("-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done") as terminal:
        terminal.expect("ready")
        terminal.resize(50, 132)
        terminal.expect("50 132", 5)
        terminal.send("\x03")
        assert terminal.finish(5) == -signal.SIGINT


def test_terminal_that_shows_something_else_is_an_error(shell):
    with shell.terminal("-c", "echo one thing; sleep 300") as terminal:
        with pytest.raises(cli.OutOfTime, match="one thing"):
            terminal.expect("another", 0.5)
    assert not terminal.alive


def test_missing_program_says_what_to_do(monkeypatch):
    monkeypatch.setenv("DM_BINARY", "/nowhere/docker-machine")
    with pytest.raises(FileNotFoundError, match="Build docker-machine first, or set DM_BINARY"):
        cli.binary_path()
