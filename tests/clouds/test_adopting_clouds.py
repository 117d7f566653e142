"""Instances and droplets whose machines were lost with a disk become machines again."""

import json
import re
import shutil

from amazonec2 import flags
from digitalocean_cloud import until
from droplets import authorize, create_words, droplets, left, make_do_trace  # noqa: F401 fixtures
from host import make_key
from test_amazonec2 import CREATE_LIMIT, docker, driver_of, ec2_trace, row, serve_page  # noqa: F401 fixtures

ADOPT_LIMIT = 120
CONNECT = "SendSSHPublicKey"


def lose_store(docker_machine):
    """The disk dies; what the user had elsewhere is still there."""
    shutil.rmtree(docker_machine.store)


def process_of(host):
    return host.exec("docker inspect --format '{{.State.Pid}} {{.State.StartedAt}}' $(docker ps -q)").stdout


def instance_connect(host):
    """What Amazon's and Ubuntu's images have: their sshd takes the key that EC2 was sent. An act for ApiTrace.at()."""
    host.write("/etc/ssh/sshd_config.d/60-instance-connect.conf",
               b"AuthorizedKeysCommand /usr/bin/cat /run/instance-connect\nAuthorizedKeysCommandUser nobody\n")
    host.exec("systemctl reload ssh")

    def act(_, call, forward):
        answer = forward()
        asked = json.loads(call.body)
        if answer[0] == 200 and asked["InstanceOSUser"] == "ubuntu":
            host.write("/run/instance-connect", asked["SSHPublicKey"].encode() + b"\n")
        return answer

    return act


def test_an_instance_of_a_lost_store(ec2, ec2_trace, docker_machine, tmp_path):  # noqa: F811
    """Not even a key to log in with is left."""
    account = flags(ec2_trace)
    docker_machine("create", *account, "--amazonec2-open-port", "8000", "--amazonec2-tags", "team,blue", "old", limit=CREATE_LIMIT)
    before = driver_of(docker_machine, "old")
    instance = before["InstanceId"]
    host = ec2.hosts.host(instance)
    serve_page(docker_machine, "old", tmp_path / "web", 8000)
    web, boot = process_of(host), host.boot_id
    lose_store(docker_machine)

    listed = docker_machine.run("adopt", *account, "new")
    assert listed.code == 1 and re.search(rf"^  {instance}  \S+  \S+  made as \"old\"$", listed.err, re.MULTILINE), listed
    words = ["adopt", *account, "--amazonec2-instance-id", instance, "new"]
    locked_out = docker_machine.run(*words, "-y", limit=ADOPT_LIMIT)  # its sshd does not ask EC2 yet
    assert locked_out.code == 1 and "ec2-instance-connect" in locked_out.err, locked_out
    ec2_trace.at(CONNECT, instance_connect(host), times=2)
    changes = [call.kind for call in ec2_trace.calls if not call.reads]
    shown = docker_machine(*words, "--dry-run", limit=ADOPT_LIMIT)
    assert f'"docker-machine rm new" will terminate the instance {instance}.' in shown
    assert "/.ssh/authorized_keys: one more key" in shown
    assert [call.kind for call in ec2_trace.calls if not call.reads] == [*changes, CONNECT]
    docker_machine(*words, "-y", limit=ADOPT_LIMIT)
    assert process_of(host) == web and host.boot_id == boot and host.exec("hostname").stdout == "old\n"
    assert docker(docker_machine, "new", "ps", "-q") and row(docker_machine, "new")["error"] == ""

    now = driver_of(docker_machine, "new")
    given_anew = {"MachineName", "StorePath", "StoreId", "SSHKeyPath", "OpenPorts", "RootSize", "VolumeType", "ImageName", "SubnetIds", "Zones",
                  "DeviceName", "MakingSince"}
    assert {key: value for key, value in now.items() if key not in given_anew} == {
        key: value for key, value in before.items() if key not in given_anew}
    tags = ec2.instance("old")["tags"]
    assert tags["docker-machine:store"] == (docker_machine.store / "store-id").read_text().strip() and tags["docker-machine:machine"] == "new"
    assert docker_machine("ssh", "new", "id", "-un") == "ubuntu\n" and docker_machine("orphans") == ""
    docker_machine("rm", "-y", "new", limit=CREATE_LIMIT)
    assert ec2.left() == []


def test_an_instance_that_somebody_else_made(ec2, ec2_trace, docker_machine, tmp_path):  # noqa: F811
    """What docker-machine did not make for it stays when it goes; what it opened is closed."""
    own = make_key(tmp_path / "own", kind="rsa")
    ec2.aws("ec2", "import-key-pair", "--key-name", "mine", "--public-key-material", f"fileb://{own}.pub")
    group = ec2.aws("ec2", "create-security-group", "--group-name", "shared", "--description", "ours")["GroupId"]
    ec2.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
    images = ec2.aws("ec2", "describe-images", "--filters", "Name=name,Values=ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*")
    instance = ec2.aws("ec2", "run-instances", "--image-id", images["Images"][0]["ImageId"], "--instance-type", "t2.micro", "--key-name", "mine",
                       "--security-group-ids", group, "--user-data", "#cloud-config\n{}\n", "--tag-specifications",
                       "ResourceType=instance,Tags=[{Key=Name,Value=shop}]")["Instances"][0]["InstanceId"]
    host = ec2.hosts.host(instance)
    host.wait_for_cloud_init()
    host.wait_for_engine()
    name = host.exec("hostname").stdout

    shown = docker_machine("adopt", *flags(ec2_trace), "--amazonec2-instance-id", instance, "--amazonec2-ssh-keypath", own, "-y", "web",
                           limit=ADOPT_LIMIT)
    assert "port 2376/tcp is opened in the security group shared" in shown and "set up by somebody else" in shown
    assert docker(docker_machine, "web", "info", "--format", "{{.Name}}") == name
    assert docker_machine("ssh", "web", "hostname") == name and ec2.instance("shop")["tags"]["docker-machine:machine"] == "web"
    docker_machine("rm", "-y", "web", limit=CREATE_LIMIT)
    assert sorted(line.split(" sg-")[0] for line in ec2.left()) == ["key pair mine", "security group shared"]
    assert [rule["first"] for one in ec2.state()["groups"] if one["id"] == group for rule in one["rules"]] == [22]


def test_a_droplet_of_a_lost_store(droplets, make_do_trace, docker_machine, tmp_path):  # noqa: F811
    trace = make_do_trace(droplets)
    authorize(docker_machine, trace.url)
    docker_machine(*create_words("--digitalocean-open-port", "8000"), "old.One", limit=CREATE_LIMIT)
    key = tmp_path / "own"
    shutil.copy(docker_machine.store / "machines" / "old.One" / "id_rsa", key)
    [droplet] = droplets.left()["droplets"]
    host = droplets.hosts.host(droplet["id"])
    serve_page(docker_machine, "old.One", tmp_path / "web", 8000)
    web, boot = process_of(host), host.boot_id
    lose_store(docker_machine)

    words = ["adopt", "--driver", "digitalocean", "--digitalocean-droplet-name", "old.One"]
    locked_out = docker_machine.run(*words, "new", limit=ADOPT_LIMIT)
    assert locked_out.code == 1 and "console" in locked_out.err and not (docker_machine.store / "machines").exists()
    assert "There are:\n  " in docker_machine.run(*words[:3], "new").err
    shown = docker_machine(*words, "--digitalocean-ssh-key-path", key, "-y", "new", limit=ADOPT_LIMIT)
    assert f'"docker-machine rm new" will destroy the droplet {droplet["id"]}.' in shown and 'made by docker-machine as "old.One"' in shown
    assert process_of(host) == web and host.boot_id == boot and host.exec("hostname").stdout == "old.One\n"
    assert docker(docker_machine, "new", "ps", "-q") and row(docker_machine, "new")["error"] == ""
    assert docker_machine("ssh", "new", "id", "-un") == "root\n"
    until(lambda: docker_machine("orphans") == "")
    docker_machine("rm", "-y", "new", limit=CREATE_LIMIT)
    assert left(droplets) == []
