"""A computer with docker-machine on it: a host with a docker client, whose user has a home, a store and an SSH key."""

import re
import shlex
import subprocess
from pathlib import Path

PROGRAM = "/opt/docker-machine/docker-machine"


class Computer:
    """`host`, as its user `user` sees it. Calls are as those of cli.DockerMachine."""

    def __init__(self, host, binary, user, key):
        self.host = host
        self.user = user
        self.home = "/root" if user == "root" else f"/home/{user}"
        self._install(Path(binary))
        host.write(f"{self.home}/.ssh/id_ed25519", Path(key).read_bytes(), 0o600)
        host.write(f"{self.home}/.ssh/config", b"StrictHostKeyChecking accept-new\n", 0o600)
        host.exec(f"chown -R {user}: {self.home}/.ssh")

    def _install(self, binary):
        """The program, with its libraries if it has any: the host's image has none of them."""
        self.host.write(PROGRAM, binary.read_bytes(), 0o755)
        listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
        libraries = re.findall(r"(/\S+\.so\S*)", listed.stdout) if listed.returncode == 0 else []
        for library in libraries:
            self.host.write(f"/opt/docker-machine/lib/{Path(library).name}", Path(library).read_bytes(), 0o755)
        line = f"exec {PROGRAM}"
        if libraries:
            loader = next(Path(library).name for library in libraries if "ld-linux" in library)
            line = f"exec /opt/docker-machine/lib/{loader} --library-path /opt/docker-machine/lib {PROGRAM}"
        self.host.write("/usr/local/bin/docker-machine", f'#!/bin/sh\n{line} "$@"\n'.encode(), 0o755)

    def shell(self, line, check=True, timeout=120):
        """Runs a shell line as the user."""
        environment = f"HOME={self.home} USER={self.user} PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        return self.host.exec(["runuser", "-u", self.user, "--", "env", "-i", *environment.split(), "sh", "-c", f"cd; {line}"],
                              check=check, timeout=timeout)

    def run(self, *arguments, limit=120):
        return self.shell("docker-machine " + shlex.join(map(str, arguments)), check=False, timeout=limit)

    def __call__(self, *arguments, limit=120):
        done = self.run(*arguments, limit=limit)
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def docker(self, machine, line):
        """The real docker client, pointed to the machine by `env`; its output."""
        return self.shell(f'eval "$(docker-machine env --shell sh {machine})" && docker {line}').stdout

    def read(self, path):
        return self.host.read(f"{self.home}/{path}")

    def write(self, path, content):
        self.host.write(f"{self.home}/{path}", content, 0o600)
        self.host.exec(f"chown {self.user}: {self.home}/{path}")
