"""Accounts full of machines: DigitalOcean's simulator and moto's EC2, with a store that knows all of their machines.

Each gives (store, trace): the trace stands between docker-machine and the API, and counts.
"""

import json
import sys
from pathlib import Path

from measure import Failed

CLOUDS = Path(__file__).resolve().parents[1] / "tests" / "clouds"
STORE_ID = "0123456789abcdef"
MOST_AT_ONCE = 100  # instances that one RunInstances makes


def import_from_tests():
    """The tests' modules, behind the bench's own."""
    for folder in (CLOUDS, CLOUDS / "digitalocean"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))


def droplets(lab, program, count):
    """A simulated DigitalOcean whose droplets have addresses that refuse."""
    import_from_tests()
    from api_trace import ApiTrace, rest_call
    from do_simulator import Simulator
    from do_simulator.account import NoHooks

    class Addresses(NoHooks):
        made = 0

        def create(self, order):
            self.made += 1
            return loopback_address(lab, self.made)

    cloud = lab.keep(Simulator(hooks=Addresses(), droplet_limit=count, requests_per_minute=1 << 20, requests_per_hour=1 << 20,
                               visible_after=0, tag_lag=0, address_after=0, active_after=0))
    trace = lab.keep(ApiTrace(int(cloud.url.rsplit(":", 1)[1]), rest_call))
    call = caller(cloud.url)
    records = {}
    for number in range(count):
        name = f"m{number}"
        made = call({"name": name, "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64",
                     "tags": [f"docker-machine-store:{STORE_ID}"]})
        records[name] = {"IPAddress": loopback_address(lab, number + 1), "AccessToken": cloud.settings.token,
                         "DropletID": made["droplet"]["id"], "Region": "nyc3", "APIEndpoint": trace.url, "StoreID": STORE_ID}
    return lab.store_with_records(program, "digitalocean", records), trace


def caller(url):
    from digitalocean_cloud import Caller
    post = Caller(url)

    def call(body):
        answer = post("POST", "/v2/droplets", body)
        if answer.status != 202:
            raise Failed(f"the simulator made no droplet: {answer.status} {answer.body}")
        return answer.body
    return call


def instances(lab, program, count):
    """moto's EC2, whose instances have addresses that refuse. Failed where there is no moto."""
    import_from_tests()
    import moto_ec2
    from api_trace import ApiTrace, ec2_call
    python = moto_ec2.find_python()
    if not python:
        raise Failed("There is no moto on this computer.")
    addresses = [loopback_address(lab, number) for number in range(count)]
    moto = lab.keep(moto_ec2.Moto(python, addresses=addresses, settle=0))
    trace = lab.keep(ApiTrace(moto.port, ec2_call))
    image = moto.aws("ec2", "describe-images", "--owners", "099720109477")["Images"][0]["ImageId"]
    tags = f"ResourceType=instance,Tags=[{{Key=docker-machine:store,Value={STORE_ID}}}]"
    for begin in range(0, count, MOST_AT_ONCE):
        moto.aws("ec2", "run-instances", "--image-id", image, "--count", min(MOST_AT_ONCE, count - begin), "--tag-specifications", tags)
    records = {}
    for number, one in enumerate(moto.state()["instances"]):
        records[f"m{number}"] = {"IPAddress": addresses[number], "AccessKey": moto.access_key, "SecretKey": moto.secret_key,
                                 "Region": moto.region, "InstanceId": one["id"], "Endpoint": trace.url, "DisableSSL": True,
                                 "StoreId": STORE_ID}
    if len(records) != count:
        raise Failed(f"moto made {len(records)} instances, not {count}")
    return lab.store_with_records(program, "amazonec2", records), trace


def loopback_address(lab, number):
    """Where nothing listens on the engine's port."""
    return lab.refused(number).split(":")[0]
