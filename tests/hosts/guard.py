"""The process that owns the private docker engine: starts it, and leaves nothing of it whatever happens.

    guard.py FOLDER BRIDGE

It prints one line, "ready" or what went wrong, and then waits for the end of its standard input. That comes
when the tests are done, and just as well when they crash or are killed, so that there is one way to clean up.
It is the leader of a session of its own: a Ctrl-C in the terminal does not reach it or the engine.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

DOCKER = "/usr/bin/docker"
DOCKERD = "/usr/sbin/dockerd"
START_LIMIT = 30  # seconds
STOP_LIMIT = 20

# A mount namespace keeps all of the engine's mounts to itself, and its key out of the computer's /etc/docker.
ENTER = """
mount -t tmpfs tmpfs /etc/docker
mkdir -p /run/docker && mount -t tmpfs tmpfs /run/docker
exec "$@"
"""


def socket_of(folder):
    return f"unix://{folder}/docker.sock"


def cgroup_of(folder):
    return f"docker-machine-tests-{folder.name}"


def client(folder, *arguments, limit):
    """Runs the docker client against the engine of this folder."""
    return subprocess.run(
        [DOCKER, "-H", socket_of(folder), *arguments], env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit, check=False)


def engine_argv(folder):
    (folder / "daemon.json").write_text("{}", encoding="ascii")
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", ENTER, "enter", DOCKERD,
            "--config-file", f"{folder}/daemon.json", "--host", socket_of(folder),
            "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
            "--pidfile", f"{folder}/docker.pid",
            # Nothing in the computer's firewall, routes or settings is touched: hosts are reached on the bridge.
            "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false",
            # Neither systemd's cgroups nor those of another engine.
            "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{cgroup_of(folder)}"]


def start(folder):
    """Starts the engine; returns None when it answers, else what it said."""
    log = folder / "dockerd.log"
    with open(log, "wb") as output:
        engine = subprocess.Popen(engine_argv(folder), stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=subprocess.STDOUT)
    (folder / "engine.pid").write_text(str(engine.pid), encoding="ascii")
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until and engine.poll() is None:
        if (folder / "docker.sock").exists() and client(folder, "version", limit=10).returncode == 0:
            return None
        time.sleep(0.05)
    return "the private docker engine did not start:\n" + log.read_text("utf-8", "replace")[-4000:]


def processes_of(folder):
    """The engine's processes: they carry the folder in their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        program = Path(words[0]).name
        ours = any(f"{folder}/" in word for word in words)
        if ours and (program == "dockerd" or program.startswith("containerd")):
            found.append(int(entry.name))
    return found


def end_processes(folder):
    for name in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes_of(folder):
            try:
                os.kill(pid, name)
            except ProcessLookupError:
                pass
        until = time.monotonic() + STOP_LIMIT
        while processes_of(folder):
            reap()
            if time.monotonic() > until:
                break
            time.sleep(0.05)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def remove_mounts(folder):
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        targets = [line.split()[4] for line in table]
    for target in reversed(targets):
        if target.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", target], check=False, timeout=30)


def remove_cgroups(folder):
    for top in [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").iterdir()]:
        for path, _, _ in os.walk(top / cgroup_of(folder), topdown=False):
            try:
                os.rmdir(path)
            except OSError as error:
                print(f"cannot remove {path}: {error}", file=sys.stderr)


def clean(folder):
    """Ends and removes all that was ever started in this folder. May be called again, and by a later run."""
    if processes_of(folder):
        try:
            names = client(folder, "ps", "--all", "--quiet", limit=20).stdout.split()
            if names:
                client(folder, "rm", "--force", "--volumes", *names, limit=60)
        except subprocess.TimeoutExpired:
            pass  # what an engine that hangs leaves goes with its processes
    end_processes(folder)
    remove_mounts(folder)
    try:
        bridge = (folder / "bridge").read_text("ascii").strip()
        if bridge and Path("/sys/class/net", bridge).exists():
            subprocess.run(["ip", "link", "delete", bridge], check=False, timeout=30)
    except FileNotFoundError:
        pass
    remove_cgroups(folder)
    shutil.rmtree(folder, ignore_errors=True)


def sweep(runs):
    """Cleans up after runs whose guard was killed too."""
    for folder in runs.iterdir() if runs.exists() else []:
        try:
            with open(folder / "lock", "a", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                clean(folder)
        except (BlockingIOError, FileNotFoundError, NotADirectoryError):
            pass  # it lives, or another run has just removed it


def main():
    folder, bridge = Path(sys.argv[1]), sys.argv[2]
    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(name, lambda *_: sys.exit(1))
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            (folder / "bridge").write_text(bridge, encoding="ascii")
            problem = start(folder)
            print(problem or "ready", flush=True)
            if not problem:
                sys.stdin.read()
        finally:
            # A second signal must not interrupt what the first one asked for.
            for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(name, signal.SIG_IGN)
            clean(folder)


if __name__ == "__main__":
    main()
