"""What tests of DigitalOcean share: the simulator, clouds for a test, and a plain client."""

import base64
import http.client
import json
import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "digitalocean"))

from do_simulator import Clock, Simulator

TOKEN = "simulated-token"
SMALL = {"name": "web-1", "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


def public_key():
    """A new line of authorized_keys, whose private half nobody has."""
    blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + os.urandom(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} somebody"


def until(condition, seconds=30):
    """Waits for a condition, and fails if it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Answer:
    """Status, headers (their names in lower case) and body of an answer."""

    def __init__(self, response):
        self.status, self.headers = response.status, {name.lower(): value for name, value in response.getheaders()}
        content = response.read()
        self.body = json.loads(content) if content else None

    @property
    def error(self):
        return self.status, self.body["id"], self.body["message"]


class Caller:
    """A client with nothing between the test and the API."""

    def __init__(self, url, token=TOKEN):
        self._address, self._token = url.removeprefix("http://"), token

    def __call__(self, method, path, body=None, content=None, kind="application/json"):
        connection = http.client.HTTPConnection(self._address, timeout=30)
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None or content is not None:
            headers["Content-Type"] = kind
        try:
            connection.request(method, path, json.dumps(body) if body is not None else content, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()


@pytest.fixture
def cloud():
    """A simulator whose time stands still; fails its test if anybody went against the document."""
    with Simulator(clock=Clock(frozen=True), control_port=0) as simulator:
        yield simulator


@pytest.fixture
def call(cloud):
    return Caller(cloud.url)


@pytest.fixture
def droplet(cloud, call):
    """The number of a droplet that is active."""
    made = call("POST", "/v2/droplets", SMALL)
    assert made.status == 202, made.body
    cloud.clock.advance(10)
    return made.body["droplet"]["id"]
