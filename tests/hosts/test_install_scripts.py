"""`--engine-install-url` and `--engine-version`: a real server's script, fetched and run by a real host."""

import json
import re

import pytest

from script_server import SCRIPT, ScriptServer

CREATE_LIMIT = 300


@pytest.fixture
def server(engine):
    made = ScriptServer(engine.gateway)
    yield made
    made.close()


def create(docker_machine, host, *more):
    return docker_machine.run("create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key", host.key,
                              "--generic-ssh-user", "admin", *more, "dev", limit=CREATE_LIMIT)


def stored(docker_machine):
    document = json.loads((docker_machine.store / "machines" / "dev" / "config.json").read_text())
    return document["HostOptions"]["EngineOptions"]


def test_a_script_in_literal_quotes_installs_the_version(bare_host, docker_machine, server):
    """As clients in the wild give it, with quotes that belong to the value; curl is missing on the host."""
    server.pages = {"/install-docker/20.10.sh": (302, {"Location": "/moved.sh"}, ""), "/moved.sh": SCRIPT % ":"}
    given = f"'{server.url}/install-docker/20.10.sh'"
    done = create(docker_machine, bare_host, f"--engine-install-url={given}", "--engine-version", "20.10.24")
    assert done.code == 0, str(done)
    assert "Installing Docker...\n" in done.out and done.err == ""
    assert server.asked == ["/install-docker/20.10.sh", "/moved.sh"]
    assert bare_host.read("/etc/installed-by-script") == b"VERSION=20.10.24\n"
    assert docker_machine("version", "dev").startswith("20.10.24")
    assert stored(docker_machine)["InstallURL"] == given, "it is kept to the letter"
    # An engine that is there is left as it is, with the same words.
    server.asked.clear()
    assert docker_machine.run("provision", "dev", limit=CREATE_LIMIT).code == 0
    assert server.asked == []


def test_a_version_that_the_script_does_not_have(bare_host, docker_machine, server):
    server.pages = {"/": SCRIPT % ":"}
    done = create(docker_machine, bare_host, "--engine-install-url", server.url + "/", "--engine-version", "99.1")
    assert done.code == 1
    assert f"the script {server.url}/ ended with exit status 1" in done.err
    assert "ERROR: '99.1' not found amongst apt-cache madison results" in done.err
    # What failed is mended by another try.
    server.pages["/"] = (SCRIPT % ":").replace('VERSION="${2#v}"', "VERSION=20.10")
    assert docker_machine.run("provision", "dev", limit=CREATE_LIMIT).code == 0
    assert docker_machine("version", "dev").startswith("20.10.")


#: A repository beside Debian's with the same package as an older version.
OLDER = r"""set -e
apt-get -qq update
mkdir -p /opt/older && cd /opt/older
apt-get -qq -o APT::Sandbox::User=root download docker.io
dpkg-deb -R docker.io_*.deb tree && rm docker.io_*.deb
sed -i 's/^Version: .*/Version: 20.10.5+dfsg1-1/' tree/DEBIAN/control
dpkg-deb -Znone -b tree docker.io.deb >/dev/null && rm -r tree
{ dpkg-deb -f docker.io.deb; echo Filename: ./docker.io.deb; echo Size: $(stat -c %s docker.io.deb)
  echo SHA256: $(sha256sum docker.io.deb | cut -d ' ' -f 1); } >Packages
echo 'deb [trusted=yes] file:/opt/older ./' >/etc/apt/sources.list.d/older.list
"""


def test_a_pinned_version_stays_where_there_is_a_newer_one(bare_host, docker_machine):
    bare_host.exec(OLDER, timeout=180)

    def version():
        return bare_host.exec("dpkg-query -W -f '${Version}' docker.io").stdout

    done = create(docker_machine, bare_host, "--engine-install-url", "none", "--engine-version", "20.10.5")
    assert done.code == 0 and version() == "20.10.5+dfsg1-1", str(done)
    assert docker_machine.run("provision", "dev", limit=CREATE_LIMIT).code == 0
    assert version() == "20.10.5+dfsg1-1"
    docker_machine("upgrade", "dev", limit=CREATE_LIMIT)
    assert version().startswith("20.10.24+")
    docker_machine("upgrade", "--engine-version", "v20.10.5", "dev", limit=CREATE_LIMIT)
    assert version() == "20.10.5+dfsg1-1"

    # The original drops what it does not know from config.json; the version does not lie there.
    folder = docker_machine.store / "machines" / "dev"
    assert "Version" not in stored(docker_machine)
    assert json.loads((folder / "notes.json").read_text()) == {"Unfinished": False, "EngineVersion": "v20.10.5"}
    purge = "apt-get -qq purge -y docker.io"
    bare_host.exec(purge, timeout=120)
    assert docker_machine.run("provision", "dev", limit=CREATE_LIMIT).code == 0
    assert version() == "20.10.5+dfsg1-1"

    # For a time it did: it is taken from there, and moved.
    document = json.loads((folder / "config.json").read_text())
    document["HostOptions"]["EngineOptions"]["Version"] = "20.10.5"
    (folder / "config.json").write_text(json.dumps(document))
    (folder / "notes.json").write_text('{"Unfinished": false}')
    docker_machine("regenerate-certs", "-f", "dev", limit=CREATE_LIMIT)
    bare_host.exec(purge, timeout=120)
    assert docker_machine.run("provision", "dev", limit=CREATE_LIMIT).code == 0
    assert version() == "20.10.5+dfsg1-1"
    assert "Version" not in stored(docker_machine)
    assert json.loads((folder / "notes.json").read_text()) == {"Unfinished": False, "EngineVersion": "20.10.5"}


@pytest.fixture
def host_with_curl(bare_host):
    bare_host.exec("apt-get -qq update && apt-get -qq install -y --no-install-recommends curl", timeout=120)
    return bare_host


#: What a shell, curl or ssh might take for more than an address, and the target that the server is to see if any.
HOSTILE = [
    ("{url}/$(touch /tmp/pwned)", None), ("{url}/`touch /tmp/pwned`", None), ("{url}/a;touch /tmp/pwned;", None),
    ("{url}/a|sh", "/a|sh"), ("{url}/a\x1b[2J\r", None), ("{url}/a'$(touch /tmp/pwned)'", None), ('{url}/a"$(touch /tmp/pwned)"', None),
    ("'{url}/a' -o '/tmp/pwned", None), ("{url}/a && touch /tmp/pwned", None), ("{url}/a\ntouch /tmp/pwned", None),
    ("{url}/a\n::docker-machine tell pwned", None), ("-o/tmp/pwned", None), ("--config=/tmp/pwned", None),
    ("{url}/$HOME", "/$HOME"), ("{url}/{a,b}", "/{a,b}"), ("{url}/[1-2]", "/[1-2]"), ("{url}/*", "/*"), ("{url}/\\", "/\\"),
    ("{url}/a%20b?c=d&touch=/tmp/pwned#e", "/a%20b?c=d&touch=/tmp/pwned"), ("{url}/ a", None),
]


def test_an_address_is_nothing_but_an_address(host_with_curl, docker_machine, server, tmp_path):
    """Nothing of it is run, here or there, as itself; nor is what lies at another address."""
    here = tmp_path / "here"
    here.mkdir()
    for target in ("/a", "/b", "/1", "/2", "/", "/a%20", "/%20a"):
        server.pages[target] = "touch /tmp/pwned\n"
    for pattern, target in HOSTILE:
        given = pattern.replace("{url}", server.url)
        server.asked.clear()
        done = create(docker_machine, host_with_curl, f"--engine-install-url={given}")
        assert done.code == 1, f"{given!r}\n{done}"
        refusal = "is no address" if re.search("[\n\r]", given) else "cannot be fetched from the machine: curl: "
        assert "error installing docker: " in done.err and refusal in done.err, f"{given!r}\n{done}"
        assert server.asked == ([target] if target else []), given
        assert stored(docker_machine)["InstallURL"] == given
        assert "pwned" not in done.out
        assert host_with_curl.exec("ls /tmp/pwned ./pwned pwned", check=False).stdout == "", given
        assert not (docker_machine.home / "pwned").exists()
        docker_machine("rm", "-f", "dev")
    assert host_with_curl.exec("command -v dockerd", check=False).stdout == ""


#: What is not the whole script as its author wrote it.
BROKEN = {
    "missing": ((404, {}, "touch /tmp/pwned\n"), "curl: (22) The requested URL returned error: 404"),
    "failing": ((500, {}, "touch /tmp/pwned\n"), "curl: (22) The requested URL returned error: 500"),
    "cut off": ((200, {"Content-Length": "1000"}, "touch /tmp/pwned\n"), "curl: (18) "),
    "moved in a circle": ((302, {"Location": "/"}, "touch /tmp/pwned\n"), "curl: (47) "),
}


def test_only_a_whole_script_is_run(host_with_curl, docker_machine, server):
    for what, (page, said) in BROKEN.items():
        server.pages = {"/": page}
        done = create(docker_machine, host_with_curl, "--engine-install-url", server.url + "/")
        assert done.code == 1 and f"{server.url}/ cannot be fetched from the machine: {said}" in done.err, f"{what}\n{done}"
        assert host_with_curl.exec("ls /tmp/pwned", check=False).stdout == "", what
        docker_machine("rm", "-f", "dev")
    # A page of a proxy that wants a login is no script, and no engine comes of it.
    server.pages = {"/": "<html>Please log in</html>\n"}
    done = create(docker_machine, host_with_curl, "--engine-install-url", server.url + "/")
    assert done.code == 1 and f"the script {server.url}/ ended with exit status 2" in done.err, str(done)
    docker_machine("rm", "-f", "dev")
    server.pages = {"/": "echo done nothing\n"}
    done = create(docker_machine, host_with_curl, "--engine-install-url", server.url + "/")
    assert done.code == 1 and "the installation ended well, but there is no dockerd on the machine" in done.err, str(done)
    assert host_with_curl.exec("ls -d /tmp/tmp.*", check=False).stdout == "", "a working folder is left behind"
