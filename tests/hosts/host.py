"""Hosts: Debian with systemd, sshd and perhaps docker, each in a container of the private engine."""

import io
import secrets
import shlex
import socket
import subprocess
import tarfile
import time
from pathlib import Path

import engine as engines

BOOT_LIMIT = 30  # seconds
#: Enough for systemd and an engine in the container. Never --privileged: that reaches the computer's devices.
CAPABILITIES = ("SYS_ADMIN", "NET_ADMIN", "SYS_BOOT")
SSH_OPTIONS = (
    "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
    "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
)


def make_key(path, kind="ed25519", passphrase=""):
    """Makes a key pair at `path` and `path`.pub, and returns `path`."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)],
                   check=True, stdin=subprocess.DEVNULL, timeout=60)
    return Path(path)


class Host:
    """One running host. Both root and admin (password-less sudo) let `key` in; `user` is whom ssh() takes."""

    def __init__(self, engine, kind, key, user="root", name=None):
        self.engine = engine
        self.kind = kind
        self.key = Path(key)
        self.user = user
        self.name = name or f"{kind}-{secrets.token_hex(3)}"
        self.address = engine.new_address()
        self._removed = False
        try:
            self._create()
            self.start()
        except BaseException:
            self.remove()
            raise

    def _create(self):
        arguments = ["create", "--name", self.name, "--hostname", self.name,
                     "--network", engines.NETWORK, "--ip", self.address,
                     "--cgroupns", "private", "--stop-signal", "SIGRTMIN+3", "--env", "container=docker",
                     "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
                     "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec",
                     # A file system of the engine's folder, on which the host's own engine can lay its layers.
                     "--volume", "/var/lib/docker", "--entrypoint", "/usr/sbin/host_init"]
        for capability in CAPABILITIES:
            arguments += ["--cap-add", capability]
        self.engine.docker(*arguments, engines.image_name(self.kind))
        relay = f'Acquire::http::Proxy "{self.engine.relay.url}";\nAcquire::https::Proxy "{self.engine.relay.url}";\n'
        init = (Path(__file__).parent / "host_init.sh").read_bytes()
        self._put([("usr/sbin/host_init", init, 0o755),
                   ("etc/apt/apt.conf.d/99relay", relay.encode(), 0o644), *self._born_with()])

    def _born_with(self):
        """The files, as (path, content, mode), that make this host differ from others of its kind."""
        public = self.key.with_name(self.key.name + ".pub").read_bytes()
        return [("root/.ssh/authorized_keys", public, 0o600), ("home/admin/.ssh/authorized_keys", public, 0o600)]

    def _put(self, files):
        """Unpacks (path, content, mode) into the container, running or not; new folders are for the owner only."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path, content, mode in files:
                if Path(path).parent.name == ".ssh":
                    folder = tarfile.TarInfo(str(Path(path).parent))
                    folder.type, folder.mode = tarfile.DIRTYPE, 0o700
                    tar.addfile(folder)
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode, entry.mtime = len(content), mode, int(time.time())
                tar.addfile(entry, io.BytesIO(content))
        self.engine.docker("cp", "-", f"{self.name}:/", input=archive.getvalue())

    def exec(self, command, input=None, check=True, timeout=60):
        """Runs a shell line (or an argv) as root, past SSH. Returns a CompletedProcess with text."""
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        return _run(self.engine.docker_argv("exec", "--interactive", self.name, *argv), input, check, timeout,
                    self.engine.docker_environment())

    def ssh_argv(self, command, user=None, port=22, address=None):
        """OpenSSH's argv for a shell line on this host."""
        return ["/usr/bin/ssh", *SSH_OPTIONS, "-i", str(self.key), "-p", str(port), "-l", user or self.user,
                address or self.address, command]

    def ssh(self, command, user=None, input=None, check=True, timeout=60):
        """Runs a shell line over SSH. Returns a CompletedProcess with text."""
        return _run(self.ssh_argv(command, user), input, check, timeout, None)

    def read(self, path):
        """The bytes of a file of the host; FileNotFoundError if there is none."""
        made = self.engine.docker("exec", self.name, "cat", path, check=False)
        if made.returncode != 0:
            raise FileNotFoundError(f"{self.name}:{path}: {made.stderr.decode('utf-8', 'replace').strip()}")
        return made.stdout

    def write(self, path, content, mode=0o644):
        """Puts a file of root's on the host, with its folders."""
        quoted = shlex.quote(path)
        self.engine.docker("exec", "--interactive", self.name, "sh", "-ec",
                           f"mkdir -p \"$(dirname {quoted})\"; cat > {quoted}; chmod {mode:o} {quoted}", input=content)

    def start(self):
        """Starts the host and waits until its sshd answers."""
        self.engine.docker("start", self.name)
        self.wait_for_ssh()

    def stop(self):
        """Shuts the host down in order, as a power button does."""
        self.engine.docker("stop", "--time", "20", self.name)

    def kill(self):
        """Pulls the plug."""
        self.engine.docker("kill", self.name)

    def pause(self):
        """Freezes every process: connections are accepted by the kernel and never answered."""
        self.engine.docker("pause", self.name)

    def unpause(self):
        self.engine.docker("unpause", self.name)

    def remove(self):
        """Removes the host with its disks. May be called again."""
        if not self._removed:
            self.engine.docker("rm", "--force", "--volumes", self.name, check=False)
            self._removed = True

    @property
    def running(self):
        made = self.engine.docker("inspect", "--format", "{{.State.Running}}", self.name)
        return made.stdout.strip() == b"true"

    @property
    def boot_id(self):
        """Another one after each boot."""
        made = self.engine.docker("inspect", "--format", "{{.State.StartedAt}}", self.name)
        return made.stdout.decode().strip()

    def wait_for_ssh(self, limit=BOOT_LIMIT):
        """Waits until sshd says its name."""
        self.wait_until(lambda: ssh_answers(self.address), "sshd answers", limit)

    def wait_for_engine(self, limit=BOOT_LIMIT):
        """Waits until the host's own docker answers on its socket."""
        self.wait_until(lambda: self.exec("docker version", check=False).returncode == 0, "docker answers", limit)

    def wait_for_boot(self, limit=BOOT_LIMIT):
        """Waits until systemd has started all it wants to, and returns what it says: running or degraded."""
        return self.exec("systemctl is-system-running --wait", check=False, timeout=limit).stdout.strip()

    def wait_until(self, done, what, limit=BOOT_LIMIT):
        until = time.monotonic() + limit
        while not done():
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name}: not within {limit} s: {what}\n{self.journal()}")
            time.sleep(0.05)

    def host_key(self, kind="ed25519"):
        """The public host key as known_hosts has it: type and base64."""
        return " ".join(self.read(f"/etc/ssh/ssh_host_{kind}_key.pub").decode().split()[:2])

    def change_host_key(self):
        """Gives sshd new keys, as a reinstalled host has; returns the new one."""
        self.exec("cd /etc/ssh && rm ssh_host_*; for kind in ed25519 ecdsa; do"
                  " ssh-keygen -q -t $kind -N '' -f ssh_host_${kind}_key; done; systemctl restart ssh")
        self.wait_for_ssh()
        return self.host_key()

    def journal(self, lines=60):
        """The last lines of what the host logged, for reports."""
        if not self.running:
            return self.engine.docker("logs", "--tail", str(lines), self.name, check=False).stderr.decode(
                "utf-8", "replace")
        return self.exec(f"journalctl --no-pager --boot --lines {lines}", check=False, timeout=20).stdout


def ssh_answers(address, port=22):
    """Whether an SSH server introduces itself there now."""
    try:
        with socket.create_connection((address, port), timeout=1) as connection:
            connection.settimeout(1)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _run(argv, input, check, timeout, environment):
    made = subprocess.run(argv, env=environment, timeout=timeout, capture_output=True, text=True, errors="replace",
                          check=False, **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}))
    if check and made.returncode != 0:
        raise AssertionError(f"'{argv[-1]}' ended with {made.returncode}:\n{made.stdout}{made.stderr}")
    return made
