"""The README's tour: which lines it has, a shell to type them into, and which test has typed which."""

import functools
import os
import time
from pathlib import Path

import cli

README = cli.REPOSITORY / "README.md"
PROMPT = "    $ "

#: Lines that need a host of another kind, with the file and the test that follow them there.
ELSEWHERE = {
    "docker-machine create --driver generic --generic-ip-address 192.0.2.7 --generic-ssh-key ~/.ssh/id_rsa web":
        ("tests/hosts/test_generic.py", "test_create_on_a_host_with_docker_is_as_the_original_says"),
    "docker-machine adopt --generic-ip-address 192.0.2.9 old": ("tests/hosts/test_adopt.py", "test_somebody_elses_configuration_is_kept"),
    "docker-machine create --driver amazonec2 --amazonec2-open-port 8000 --amazonec2-region us-east-1 aws-sandbox":
        ("tests/clouds/test_amazonec2.py", "test_the_tutorials_line"),
    "docker-machine create --driver digitalocean --digitalocean-access-token env:TOKEN drop":
        ("tests/clouds/test_digitalocean.py", "test_the_whole_life"),
    "docker-machine orphans": ("tests/clouds/test_amazonec2_choices.py", "test_orphans_finds_by_tag"),
    "docker-machine doctor": ("tests/hosts/test_doctor.py", "test_ssh_is_mended_through_the_engine"),
    "docker-machine context --prefix dm- --all": ("tests/hosts/test_contexts.py", "test_five_contexts_at_once"),
    "docker --context dm-web ps": ("tests/hosts/test_contexts.py", "test_five_contexts_at_once"),
    "docker-machine run-on web dev -- df -h /": ("tests/hosts/test_contexts.py", "test_one_command_on_many_machines"),
    "docker-machine export web --to me@laptop.example": ("tests/cli/test_bundles_over_ssh.py", "test_straight_to_another_computer"),
    "docker-machine access web --grant bob -o bob.bundle": ("tests/hosts/test_access.py", "test_a_colleague_comes_and_goes_alone"),
    "docker-machine access web --revoke bob": ("tests/hosts/test_access.py", "test_a_colleague_comes_and_goes_alone"),
    "docker-machine export web -o web.bundle": ("tests/cli/test_bundles.py", "test_a_passphrase_typed_twice"),
    "docker-machine import web.bundle": ("tests/cli/test_bundles.py", "test_a_passphrase_typed_twice"),
    "docker-machine backup -o machines.backup": ("tests/cli/test_bundles.py", "test_backup_and_restore"),
    "docker-machine modify web --engine-label tier=prod":
        ("tests/hosts/test_modify.py", "test_the_engine_gets_other_options_and_containers_run_on"),
    "docker-machine rename web old-web": ("tests/hosts/test_modify.py", "test_another_name"),
    "docker-machine rm -y aws-sandbox drop": ("tests/clouds/test_amazonec2.py", "test_the_tutorials_line"),
}


def tour_lines(text):
    """The commands of the section "A tour" of a README, as typed: without prompt and comment."""
    tour = text.split("\n## A tour\n", 1)[1].split("\n## ", 1)[0]
    return [line[len(PROMPT):].split("  #", 1)[0].strip() for line in tour.splitlines() if line.startswith(PROMPT)]


def tour(*lines):
    """Decorates the test that follows these lines of the tour: it must type each, word for word, into `shell`."""
    def register(test):
        @functools.wraps(test)
        def checked(*arguments, shell, **more):
            shell.typed.clear()
            test(*arguments, shell=shell, **more)
            missing = [line for line in lines if line not in shell.typed]
            assert not missing, f"the test is to follow lines of the tour that it has not typed: {missing}"
        checked.tour = lines
        return checked
    return register


class Shell:
    """A user's bash: docker-machine and docker are on its PATH, and it starts in `folder`. Every script is a new one."""

    def __init__(self, docker_machine, folder):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.typed = []
        self._docker_machine = docker_machine
        self._programs = self.folder.parent / "bin"
        self._programs.mkdir()
        os.symlink(docker_machine.binary, self._programs / "docker-machine")

    def __call__(self, script, **more):
        """run() of a script that must succeed; its standard output."""
        result = self.run(script, **more)
        assert result.code == 0, str(result)
        return result.out

    def run(self, script, input="", limit=cli.LIMIT, environment=None):
        """Runs the script, which ends with its first command that fails."""
        self.typed += [line.strip() for line in script.splitlines()]
        # Debian's own client, whatever else is installed: the one that users of Debian have.
        path = f"{self._programs}:/usr/bin:/bin:/usr/sbin:/sbin"
        everything = {**self._docker_machine.environment, "PATH": path, **(environment or {})}
        return cli.Running(("bash", "-e", "-o", "pipefail", "-c", script), everything, self.folder).finish(input, limit)

    def until_it_succeeds(self, script, limit=cli.LIMIT):
        """Repeats a script that may fail at first; its standard output."""
        until = time.monotonic() + limit
        while True:
            result = self.run(script)
            if result.code == 0:
                return result.out
            assert time.monotonic() < until, str(result)
            time.sleep(0.3)
