"""moto's EC2 as a program of ours, run by moto_ec2.py with the python that has moto.

It reads one line of JSON from its standard input, prints one, and serves until its standard input ends:

    {"addresses": [...],  public addresses to hand out; none: 127.80.0.1, 127.80.0.2, …
     "settle": seconds,   how long an instance is pending, stopping or shutting down
     "unseen": seconds}   how long a new instance is not described yet: EC2 is consistent in the end only
    {"port": ..., "access_key": ..., "secret_key": ...}

Then it prints "changed" whenever a call has changed something; GET /harness/state tells what there is. Signatures are checked.
Where moto is easier to please than EC2, and a driver could lose something by it, it is made as EC2 is.
"""

import io
import itertools
import json
import os
import sys
import threading
import time
import urllib.parse

os.environ.update({  # read by moto when it is imported
    "INITIAL_NO_AUTH_ACTION_COUNT": "0", "MOTO_ENABLE_AMI_VALIDATION": "true", "MOTO_ENABLE_KEYPAIR_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true", "MOTO_EC2_LOAD_DEFAULT_AMIS": "true"})

from moto.core.exceptions import ServiceException  # noqa: E402
from moto.ec2.exceptions import InvalidInstanceIdError  # noqa: E402
from moto.ec2.models import amis, ec2_backends, elastic_ip_addresses, elastic_network_interfaces  # noqa: E402
from moto.ec2.models.fleets import Fleet  # noqa: E402
from moto.ec2.models.instances import Instance, InstanceBackend  # noqa: E402
from moto.ec2.models.security_groups import SecurityGroupBackend  # noqa: E402
from moto.ec2.responses.fleets import Fleets  # noqa: E402
from moto.ec2.responses.launch_templates import LaunchTemplates  # noqa: E402
from moto.iam.models import iam_backends  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

ACCOUNT = "123456789012"
CANONICAL = "099720109477"
DEBIAN = "136693071363"
#: As their makers name them; the newest of each kind is not the last of the list, and the newest of all is no LTS.
IMAGES = (
    (CANONICAL, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{}-server-{}", "20260901", "/dev/sda1"),
    (CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-{}", "20260905", "/dev/sda1"),
    (CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-{}", "20260610", "/dev/sda1"),
    (CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-questing-25.10-{}-server-{}", "20260912", "/dev/sda1"),
    (CANONICAL, "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-minimal-{}", "20260913", "/dev/sda1"),
    (CANONICAL, "ubuntu/images-testing/hvm-ssd-gp3/ubuntu-noble-daily-{}-server-{}", "20260914", "/dev/sda1"),
    (DEBIAN, "debian-12-{}-{}-2200", "20260820", "/dev/xvda"),
    (DEBIAN, "debian-13-{}-{}-2210", "20260825", "/dev/xvda"),
    (DEBIAN, "debian-13-backports-{}-{}-2210", "20260826", "/dev/xvda"),
    ("666666666666", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-{}", "20261001", "/dev/sda1"),  # a stranger's
)
#: What tells nobody that something has changed.
READING = ("Describe", "Get", "List")
changes = threading.Lock()


class EC2Error(ServiceException):
    """An error as EC2 answers it."""

    def __init__(self, code, message):
        super().__init__(code, message)


def say(text):
    """One line to moto_ec2.py."""
    with changes:
        print(text, flush=True)


def our_images():
    """moto's description of IMAGES, for both architectures."""
    rows = []
    for number, (owner, name, day, root) in enumerate(IMAGES):
        for words, architecture in (("amd64", "x86_64"), ("arm64", "arm64")):
            text = name.format(words, day)
            rows.append({
                "ami_id": f"ami-0{number:02x}{'a' if words == 'amd64' else 'b'}{int(day):013x}", "state": "available", "public": True,
                "owner_id": owner, "image_location": f"amazon/{text}", "sriov": "simple", "root_device_type": "ebs",
                "root_device_name": root, "description": text, "image_type": "machine", "architecture": architecture, "name": text,
                "virtualization_type": "hvm", "hypervisor": "xen",
                "creation_date": f"{day[:4]}-{day[4:6]}-{day[6:]}T06:00:00.000Z"})
    return rows


def backends():
    return list(ec2_backends[ACCOUNT].values())


def instances():
    return [instance for backend in backends() for instance in backend.all_instances()]


class Addresses:
    """Hands out the harness's addresses in turn, none twice at a time."""

    def __init__(self, given):
        self._next = itertools.cycle(given) if given else (f"127.80.{n >> 8}.{n & 255}" for n in itertools.count(1))
        self._tries = len(given) or 1

    def __call__(self):
        used = {nic.public_ip for backend in backends() for nic in list(backend.enis.values())}
        used |= {address.public_ip for backend in backends() for address in backend.addresses}
        for _ in range(self._tries):
            address = next(self._next)
            if address not in used:
                return address
        raise EC2Error("InsufficientFreeAddressesInSubnet", "The harness has no more addresses.")


def not_seen_at_once(unseen):
    """What has just been made is not described yet, although it is there."""
    by_filter, by_ids, run = (InstanceBackend.describe_instances, InstanceBackend.get_reservations_by_instance_ids,
                              InstanceBackend.run_instances)

    def seen(instance):
        return time.monotonic() > instance.seen_from

    def run_instances(self, *words, **how):
        reservation = run(self, *words, **how)
        for instance in reservation.instances:
            instance.seen_from = time.monotonic() + unseen
        return reservation

    def describe_instances(self, filters=None):
        return [one for one in by_filter(self, filters) if all(map(seen, one.instances))]

    def get_reservations_by_instance_ids(self, instance_ids, filters=None):
        for instance in self.all_instances():
            if instance.id in instance_ids and not seen(instance):
                raise InvalidInstanceIdError(instance.id)
        return by_ids(self, instance_ids, filters)

    InstanceBackend.run_instances, InstanceBackend.describe_instances = run_instances, describe_instances
    InstanceBackend.get_reservations_by_instance_ids = get_reservations_by_instance_ids


def fleets_as_ec2_has_them():
    """What a fleet launches is what its template says: network, groups, disks and metadata, which moto leaves out."""
    launching = threading.local()
    init, run = Fleet.__init__, InstanceBackend.run_instances

    def make(self, ec2_backend, fleet_id, on_demand_options, spot_options, capacity, configs, *rest, **more):
        wanted = (configs or [{}])[0].get("LaunchTemplateSpecification", {})
        template = (ec2_backend.get_launch_template(wanted["LaunchTemplateId"]) if "LaunchTemplateId" in wanted
                    else ec2_backend.get_launch_template_by_name(wanted["LaunchTemplateName"]))
        launching.data = template.get_version(wanted.get("Version", template.default_version_number)).data
        try:
            init(self, ec2_backend, fleet_id, on_demand_options, spot_options, capacity, configs, *rest, **more)
        finally:
            launching.data = None

    def run_instances(self, image_id, count, user_data, security_group_names, **how):
        data = getattr(launching, "data", None)
        if data:
            how["nics"] = [dict(nic) for nic in data.get("NetworkInterfaces", [])]
            how["security_group_ids"] = list(data.get("SecurityGroupIds", []))
            how["metadata_options"] = data.get("MetadataOptions", {})
            how["region_name"] = self.region_name
            user_data = user_data or data.get("UserData")
            if data.get("BlockDeviceMappings"):
                how["block_device_mappings"] = data["BlockDeviceMappings"]
        return run(self, image_id, count, user_data, security_group_names, **how)

    Fleet.__init__, InstanceBackend.run_instances = make, run_instances


def once_for_each_token(responses, name):
    """The same ClientToken gets the same answer."""
    method, answers = getattr(responses, name), {}

    def answer(self):
        token = self._get_param("ClientToken")
        key = (self.region, token)
        if not token or key not in answers:
            answers[key] = method(self)
        return answers[key]

    setattr(responses, name, answer)


def as_ec2_does(settle):
    """Closes the gaps between moto and EC2 that matter to who must not lose anything."""
    run, start, terminate = InstanceBackend.run_instances, InstanceBackend.start_instances, Instance.terminate
    stop, begin, delete = Instance.stop, Instance.start, SecurityGroupBackend.delete_security_group
    tokens = {}

    def pass_through(instance, name, code, last):
        """The instance is in a state of transition for a while."""
        instance._state.name, instance._state.code = name, code

        def arrive():
            if instance._state.name == name:
                instance._state.name, instance._state.code = last
                say("changed")

        timer = threading.Timer(settle, arrive)
        timer.daemon = True
        timer.start()

    def run_instances(self, image_id, count, user_data, security_group_names, **how):
        token = how.get("client_token")
        asked = (image_id, count, str(user_data), how.get("instance_type"), how.get("key_name"), str(how.get("tags")))
        if token and token != "ABCDE":  # what moto takes for none
            if (self.region_name, token) in tokens:
                before, reservation = tokens[self.region_name, token]
                if before != asked:
                    raise EC2Error("IdempotentParameterMismatch",
                                   f"Arguments on this idempotent request are inconsistent with arguments used in previous request(s). '{token}'")
                return reservation
        for nic in how.get("nics") or []:
            if not nic.get("NetworkInterfaceId"):
                nic.setdefault("DeleteOnTermination", True)
        reservation = run(self, image_id, count, user_data, security_group_names, **how)
        for instance in reservation.instances:
            instance.security_groups = list(groups_of(instance).values())
            for nic in instance.nics.values():
                nic.delete_on_termination = True
            pass_through(instance, "pending", 0, ("running", 16))
        if token:
            tokens[self.region_name, token] = (asked, reservation)
        return reservation

    def start_instances(self, instance_ids):
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.state in ("stopping", "shutting-down", "terminated"):
                raise EC2Error("IncorrectInstanceState",
                               f"The instance '{instance.id}' is not in a state from which it can be started.")
        return start(self, [one for one in instance_ids if self.get_instance(one).state == "stopped"])

    def start_one(self):
        before = begin(self)
        pass_through(self, "pending", 0, ("running", 16))
        return before

    def stop_one(self):
        if self.state in ("shutting-down", "terminated"):
            raise EC2Error("IncorrectInstanceState", f"This instance '{self.id}' is not in a state from which it can be stopped.")
        before = stop(self)
        if before.name != "stopped":
            pass_through(self, "stopping", 64, ("stopped", 80))
        return before

    def terminate_one(self):
        if self.state in ("shutting-down", "terminated"):
            return self._state
        before = terminate(self)
        pass_through(self, "shutting-down", 32, ("terminated", 48))
        return before

    def delete_security_group(self, name=None, group_id=None):
        group = self.get_security_group_from_id(group_id) if group_id else self.get_security_group_by_name_or_id(name)
        if group:
            users = [instance.id for instance in self.all_instances() if instance.state != "terminated"
                     and group in [*instance.security_groups, *(one for nic in instance.nics.values() for one in nic.group_set)]]
            users += [nic.id for nic in self.enis.values() if group in nic.group_set]
            users += [other.id for known in self.groups.values() for other in known.values() if other is not group
                      and any(rule.source_group.get("GroupId") == group.id for rule in other.ingress_rules)]
            if users:
                raise EC2Error("DependencyViolation", f"resource {group.id} has a dependent object")
        return delete(self, name, group_id)

    InstanceBackend.run_instances, InstanceBackend.start_instances = run_instances, start_instances
    Instance.start, Instance.stop, Instance.terminate = start_one, stop_one, terminate_one
    SecurityGroupBackend.delete_security_group = delete_security_group


def groups_of(instance):
    found = {group.id: group for nic in instance.nics.values() for group in nic.group_set}
    return found | {group.id: group for group in instance.security_groups}


def described(instance):
    """All that a host needs to be this instance."""
    key = instance.ec2_backend.key_pairs.get(instance.key_name)
    image = instance.ec2_backend.amis.get(instance.image_id)
    return {
        "id": instance.id, "state": instance.state, "region": instance.region_name, "reboots": getattr(instance, "reboots", 0),
        "public": [nic.public_ip for nic in instance.nics.values() if nic.public_ip], "private": instance.private_ip,
        "user_data": str(instance.user_data or ""), "key": key.public_key if key else None, "key_name": instance.key_name,
        "groups": sorted(groups_of(instance)), "image": image.name if image else None, "type": instance.instance_type, "tags": tags_of(instance)}


def tags_of(resource):
    return {tag["key"]: tag["value"] for tag in resource.get_tags()}


def rule_of(rule):
    return {"protocol": rule.ip_protocol, "first": rule.from_port, "last": rule.to_port, "network": rule.ip_range.get("CidrIp"),
            "network6": rule.ip_range.get("CidrIpv6"), "group": rule.source_group.get("GroupId")}


def state():
    """What the account has, in all regions that were used: all that could cost money or be in somebody's way."""
    known = {name: [] for name in ("instances", "keys", "groups", "addresses", "volumes", "interfaces", "spot", "fleets", "templates")}
    for backend in backends():
        known["instances"] += [described(instance) for instance in backend.all_instances()]
        known["keys"] += [{"name": key.key_name, "id": key.id, "tags": tags_of(key)} for key in list(backend.key_pairs.values())]
        known["groups"] += [{"id": group.id, "name": group.name, "vpc": vpc, "tags": tags_of(group),
                             "rules": [rule_of(rule) for rule in list(group.ingress_rules)]}
                            for vpc, groups in list(backend.groups.items()) for group in list(groups.values())]
        known["addresses"] += [{"id": one.allocation_id, "address": one.public_ip, "instance": one.instance_id, "tags": tags_of(one)}
                               for one in list(backend.addresses)]
        known["volumes"] += [{"id": one.id, "size": one.size, "type": one.volume_type, "encrypted": one.encrypted, "tags": tags_of(one),
                              "instance": one.attachment.instance.id if one.attachment else None}
                             for one in list(backend.volumes.values())]
        known["interfaces"] += [{"id": one.id, "tags": tags_of(one)} for one in list(backend.enis.values())]
        # A fleet's requests are no persistent ones, whatever moto calls them.
        known["spot"] += [{"id": one.id, "state": one.state, "type": "one-time" if one.spot_fleet_id else one.type,
                           "instance": one.instance.id} for one in list(backend.spot_instance_requests.values())]
        known["fleets"] += [{"id": one.id, "state": one.state} for one in list(backend.fleets.values())]
        known["templates"] += [{"id": one.id, "name": one.name} for one in list(backend.launch_templates.values())]
    return known


class Application:
    """moto, with a door of the harness's own, which needs no signature."""

    def __init__(self):
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/harness/state":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(state()).encode()]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        form = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
        action = form.get("Action", [""])[0]
        answer = self._moto(environ, start_response)
        if action == "RebootInstances":
            for instance in instances():
                if instance.id in [value for name, values in form.items() if name.startswith("InstanceId.") for value in values]:
                    instance.reboots = getattr(instance, "reboots", 0) + 1
        if action and not action.startswith(READING):
            say("changed")
        return answer


class QuietHandler(WSGIRequestHandler):
    """Keeps connections, as EC2 does, and writes no log."""

    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def main():
    wanted = json.loads(sys.stdin.readline())
    amis.AMIS[:] = our_images()
    elastic_network_interfaces.random_public_ip = elastic_ip_addresses.random_ip = Addresses(wanted["addresses"])
    not_seen_at_once(wanted["unseen"])
    as_ec2_does(wanted["settle"])
    fleets_as_ec2_has_them()
    once_for_each_token(Fleets, "create_fleet")
    once_for_each_token(LaunchTemplates, "create_launch_template")
    iam = iam_backends[ACCOUNT]["aws"]
    iam.create_user("us-east-1", "tester")
    iam.put_user_policy("tester", "all", json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    key = iam.create_access_key("tester")
    server = make_server("127.0.0.1", 0, Application(), threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(json.dumps({"port": server.server_port, "access_key": key.access_key_id, "secret_key": key.secret_access_key}))
    sys.stdin.read()
    os._exit(0)  # threads that still serve would hold it


if __name__ == "__main__":
    main()
