"""What the golden transcripts send to a distribution of another family, run by its real package manager, which Debian has too.

The packages are empty, lie in a repository of our own and go into a root of their own; everything else of the script is
as a machine gets it."""

import os
import re
import shutil
import subprocess
import tarfile

import pytest

import cli

TRANSCRIPTS = cli.REPOSITORY / "src" / "provision" / "testdata" / "distributions"
#: Beside the name: epoch, version, release. Not in order, and 24.0.10 is newer than 24.0.7 only for who counts.
PACKAGES = {
    "docker-ce": [(3, "24.0.7", "1.el9"), (3, "20.10.24", "3.el9"), (3, "24.0.10", "1.el9")],
    "docker": [(0, "24.0.7_ce", "150.1"), (0, "20.10.9_ce", "150.9")], "docker-bash": [(0, "99.0", "1")],
    "docker-ce-cli": [(1, "24.0.10", "1.el9")], "containerd.io": [(0, "1.6", "1")],
}
SPEC = """Name: %{n}
Epoch: %{e}
Version: %{v}
Release: %{r}
Summary: nothing
License: none
BuildArch: noarch
%description
%files
"""
#: What stands before the part in every script.
PRELUDE = 'mark() { :; }\nwarn() { echo "warn $*"; }\nfail() { echo "fail $*"; exit 1; }\ntemporary=\n'


def needed(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if os.geteuid() != 0:
        pytest.skip("package managers need root for a root of their own")
    assert not missing, f"apt-get install dnf zypper rpm createrepo-c pacman-package-manager: there is no {missing}"


@pytest.fixture(scope="session")
def rpm_repository(tmp_path_factory):
    needed("rpmbuild", "createrepo_c")
    folder = tmp_path_factory.mktemp("rpm")
    (folder / "package.spec").write_text(SPEC)
    for name, versions in PACKAGES.items():
        for epoch, version, release in versions:
            defined = {"_topdir": folder, "n": name, "e": epoch, "v": version, "r": release}
            words = [word for key, value in defined.items() for word in ("--define", f"{key} {value}")]
            subprocess.run(["rpmbuild", "-bb", "--quiet", *words, folder / "package.spec"], check=True, capture_output=True, timeout=60)
    subprocess.run(["createrepo_c", "-q", folder / "RPMS"], check=True, capture_output=True, timeout=60)
    return folder / "RPMS"


class Machine:
    """A root with a package manager in front of it; `commands` are those of the script, each with options of its own."""

    def __init__(self, folder, commands):
        self.root = folder / "root"
        self.root.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        for name, line in {"curl": "exit 0", **commands}.items():
            (programs / name).write_text(f"#!/bin/sh\n{line}\n")
            (programs / name).chmod(0o755)
        self.environment = {"PATH": f"{programs}:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(folder), "LC_ALL": "C"}

    def run(self, script):
        done = subprocess.run(["sh"], input=PRELUDE + script, capture_output=True, text=True, env=self.environment, timeout=120, check=False)
        return done.returncode, done.stdout + done.stderr

    def install(self, distribution, version):
        """The part that installs the engine, as the golden transcript has it, but for the version."""
        part = (TRANSCRIPTS / f"{distribution}.txt").read_text().split("mark part 'installing docker'\n", 1)[1]
        part = part.split("\n}\ndocker_machine </dev/null", 1)[0]
        pinned, count = re.subn("^version=''$", f"version='{version}'", part, flags=re.MULTILINE)
        assert count == 1 and pinned.rstrip().endswith("install_own_engine")
        return self.run(pinned)

    def installed(self):
        listed = subprocess.run(["rpm", "--root", self.root, "-qa", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}\n"],
                                capture_output=True, text=True, env=self.environment, timeout=60, check=True).stdout
        return dict(line.split() for line in listed.splitlines())


@pytest.fixture
def red_hat(rpm_repository, tmp_path):
    """dnf as Red Hat's own configuration has it: `best` makes `install` bring what is there to the newest."""
    needed("dnf", "rpm")
    repositories = tmp_path / "repos"
    repositories.mkdir()
    (repositories / "docker-ce.repo").write_text(f"[docker-ce]\nname=docker\nbaseurl=file://{rpm_repository}\ngpgcheck=0\n")
    root = tmp_path / "root"
    options = f"--installroot={root} --setopt=reposdir={repositories} --setopt=cachedir={tmp_path}/cache --releasever=9 --setopt=best=True"
    return Machine(tmp_path, {"dnf": f'echo "$*" >>{tmp_path}/asked\nexec /usr/bin/dnf {options} "$@"',
                              "rpm": f'exec /usr/bin/rpm --root {root} "$@"'})


@pytest.fixture
def suse(rpm_repository, tmp_path):
    needed("zypper", "rpm")
    repositories = tmp_path / "repos"
    repositories.mkdir()
    (repositories / "t.repo").write_text(f"[t]\nname=t\nenabled=1\nbaseurl=file://{rpm_repository}\ngpgcheck=0\n")
    options = f"--root {tmp_path}/root --reposd-dir {repositories} --cache-dir {tmp_path}/cache"
    return Machine(tmp_path, {"zypper": f'exec /usr/bin/zypper {options} "$@"', "rpm": f'exec /usr/bin/rpm --root {tmp_path}/root "$@"'})


@pytest.mark.parametrize("wanted, got", [("24.0.7", "24.0.7-1.el9"), ("24.0", "24.0.10-1.el9"), ("20.10", "20.10.24-3.el9"),
                                         ("", "24.0.10-1.el9"), ("24.0.1", None), ("2", None)])
def test_dnf_pins(red_hat, wanted, got):
    code, said = red_hat.install("rocky", wanted)
    if got is None:
        assert code == 1 and said.splitlines()[-1] == (
            f"fail There is no version {wanted} of the package docker-ce for this machine; there are: "
            "3:24.0.10-1.el9 3:24.0.7-1.el9 3:20.10.24-3.el9 ")
        return
    assert code == 0, said
    assert red_hat.installed() == {"docker-ce": got, "docker-ce-cli": "24.0.10-1.el9", "containerd.io": "1.6-1"}
    code, said = red_hat.install("rocky", "20.10")  # back, as `upgrade --engine-version` does
    assert code == 0 and red_hat.installed()["docker-ce"] == "20.10.24-3.el9", said


def test_dnf_without_a_form_for_programs(red_hat):
    """As old ones, and yum: the list for people tells it too."""
    dnf = shutil.which("dnf", path=red_hat.environment["PATH"])
    text = open(dnf, encoding="ascii").read()
    with open(dnf, "w", encoding="ascii") as file:
        file.write(text.replace("#!/bin/sh\n", '#!/bin/sh\ncase "$*" in *repoquery*) echo No such command >&2; exit 1 ;; esac\n'))
    code, said = red_hat.install("rocky", "24.0.7")
    assert code == 0 and red_hat.installed()["docker-ce"] == "24.0.7-1.el9", said


@pytest.mark.parametrize("wanted, got", [("20.10.9", "20.10.9_ce-150.9"), ("24", "24.0.7_ce-150.1"), ("", "24.0.7_ce-150.1"), ("99", None)])
def test_zypper_pins(suse, wanted, got):
    code, said = suse.install("opensuse", wanted)
    if got is None:
        assert code == 1 and said.splitlines()[-1].endswith("there are: 24.0.7_ce-150.1 20.10.9_ce-150.9 "), said
        return
    assert code == 0 and suse.installed() == {"docker": got}, said
    code, said = suse.install("opensuse", "20.10")
    assert code == 0 and suse.installed() == {"docker": "20.10.9_ce-150.9"}, said


def test_pacman_tells_its_version(tmp_path):
    """Arch has one version of each package: the version is found, and any other is refused with a list."""
    needed("pacman")
    entry = tmp_path / "docker-1:24.0.7-1"
    entry.mkdir()
    fields = {"FILENAME": "docker.pkg.tar.zst", "NAME": "docker", "VERSION": "1:24.0.7-1", "CSIZE": "1", "ISIZE": "1", "ARCH": "any"}
    (entry / "desc").write_text("".join(f"%{key}%\n{value}\n\n" for key, value in fields.items()))
    with tarfile.open(tmp_path / "extra.db", "w") as database:
        database.add(entry, entry.name)
    (tmp_path / "pacman.conf").write_text("[options]\nDBPath = {0}/root/\nSigLevel = Never\nArchitecture = auto\n"
                                          "[extra]\nServer = file://{0}\n".format(tmp_path))
    machine = Machine(tmp_path, {"pacman": f'exec /usr/bin/pacman --config {tmp_path}/pacman.conf --root {tmp_path}/root "$@"'})
    code, said = machine.install("arch", "20.10")
    assert code == 1 and said.splitlines()[-1] == (
        "fail There is no version 20.10 of the package docker for this machine; there are: 1:24.0.7-1 "), said
    code, said = machine.install("arch", "24.0")
    assert "There is no version" not in said and "docker.pkg.tar.zst" in said, "the version was found, its file is not there"
