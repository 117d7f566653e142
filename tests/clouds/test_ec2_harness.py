"""The tests' own tools for EC2: moto as strict as EC2, hosts that follow its instances, the model, the trace."""

import base64
import json
import subprocess
import time

import pytest

import api_trace
import crash
from api_trace import ApiTrace, Call, check_ec2, ec2_call, rest_call
from host import SSH_OPTIONS, make_key, ssh_answers

NOBLE = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-*"
CANONICAL = "099720109477"


def image(moto, name=NOBLE.format("amd64"), owner=CANONICAL):
    found = moto.aws("ec2", "describe-images", "--owners", owner, "--filters", f"Name=name,Values={name}", "Name=state,Values=available")
    return sorted(found["Images"], key=lambda row: row["CreationDate"])[-1]


def run_instance(moto, *more):
    made = moto.aws("ec2", "run-instances", "--image-id", image(moto)["ImageId"], "--instance-type", "t3.micro", *more)
    return made["Instances"][0]


def wait_until(done, what, limit=60):
    until = time.monotonic() + limit
    while not done():
        assert time.monotonic() < until, f"not within {limit} s: {what}"
        time.sleep(0.1)


# --- moto


def test_images_are_found_as_their_makers_name_them(moto):
    assert image(moto)["Name"] == "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260905"
    arm = image(moto, NOBLE.format("arm64"))
    assert arm["Architecture"] == "arm64" and arm["RootDeviceName"] == "/dev/sda1"
    assert image(moto, "debian-12-amd64-*", "136693071363")["RootDeviceName"] == "/dev/xvda"


def test_moto_is_as_strict_as_ec2(moto):
    """Signatures, tokens, states of transition, groups in use: what a driver may stumble over."""
    forged = {**moto.credentials, "AWS_SECRET_ACCESS_KEY": "wrong"}
    code = ("import boto3, sys\ntry: boto3.client('ec2', 'us-east-1', endpoint_url=sys.argv[1]).describe_instances()\n"
            "except Exception as error: print(error)")
    said = subprocess.run([moto.python, "-c", code, moto.url], env=forged, capture_output=True, text=True, timeout=60, check=False)
    assert "AuthFailure" in said.stdout, said
    group = moto.aws("ec2", "create-security-group", "--group-name", "g", "--description", "d")["GroupId"]
    once = ("--client-token", "token-1", "--security-group-ids", group)
    one, again = run_instance(moto, *once), run_instance(moto, *once)
    assert one["InstanceId"] == again["InstanceId"] and one["State"]["Name"] == "pending"
    with pytest.raises(AssertionError, match="IdempotentParameterMismatch"):
        moto.aws("ec2", "run-instances", "--image-id", image(moto)["ImageId"], "--instance-type", "t3.small", *once)
    wait_until(lambda: moto.state()["instances"][0]["state"] == "running", "it runs", 10)
    for bad, error in ((("--instance-type", "t9.nano"), "InvalidInstanceType|InvalidParameterValue|not exist"), (("--key-name", "none"), "InvalidKeyPair.NotFound"),
                       (("--image-id", "ami-00000000000000000"), "InvalidAMIID.NotFound")):
        with pytest.raises(AssertionError, match=error):
            moto.aws("ec2", "run-instances", *(() if "--image-id" in bad else ("--image-id", image(moto)["ImageId"])), *bad)
    with pytest.raises(AssertionError, match="DependencyViolation"):
        moto.aws("ec2", "delete-security-group", "--group-id", group)
    assert [line.split()[0] for line in moto.left()] == ["instance", "security", "volume", "interface"]
    moto.aws("ec2", "terminate-instances", "--instance-ids", one["InstanceId"])
    assert [line.split()[0] for line in moto.left()] == ["security"]
    wait_until(lambda: moto.state()["instances"][0]["state"] == "terminated", "it is terminated", 10)
    moto.aws("ec2", "delete-security-group", "--group-id", group)
    assert moto.left() == []


def test_a_new_instance_may_not_be_seen_at_once(make_moto):
    """It is there all the same, as who asks for it again with its token learns."""
    moto = make_moto(unseen=8)
    made = run_instance(moto, "--client-token", "token-1")
    assert moto.aws("ec2", "describe-instances")["Reservations"] == []
    with pytest.raises(AssertionError, match="InvalidInstanceID.NotFound"):
        moto.aws("ec2", "describe-instances", "--instance-ids", made["InstanceId"])
    assert run_instance(moto, "--client-token", "token-1")["InstanceId"] == made["InstanceId"]
    wait_until(lambda: moto.aws("ec2", "describe-instances")["Reservations"], "it is seen", 20)


FLEET = """
import boto3, sys
ec2 = boto3.client("ec2", "us-east-1", endpoint_url=sys.argv[1])
group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
ec2.create_launch_template(LaunchTemplateName="template", ClientToken="a", LaunchTemplateData={
    "ImageId": sys.argv[2], "UserData": "I2Nsb3VkLWNvbmZpZw==", "MetadataOptions": {"HttpTokens": "required"},
    "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 17, "DeleteOnTermination": True}}],
    "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Groups": [group]}]})
made = [ec2.create_fleet(Type="instant", ClientToken="b", LaunchTemplateConfigs=[{
    "LaunchTemplateSpecification": {"LaunchTemplateName": "template", "Version": "$Latest"},
    "Overrides": [{"InstanceType": "t3.large", "SubnetId": subnet}, {"InstanceType": "t3a.large", "SubnetId": subnet}]}],
    TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": sys.argv[3]}) for _ in range(2)]
assert made[0]["FleetId"] == made[1]["FleetId"], made
one = made[0]["Instances"][0]["InstanceIds"][0]
row = ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]
assert [g["GroupId"] for g in row["SecurityGroups"]] == [group] and row["PublicIpAddress"] and row["SubnetId"] == subnet, row
assert row["MetadataOptions"]["HttpTokens"] == "required", row
assert ec2.describe_volumes()["Volumes"][0]["Size"] == 17
ec2.terminate_instances(InstanceIds=[one])
ec2.delete_launch_template(LaunchTemplateName="template")
"""


@pytest.mark.parametrize("market", ["on-demand", "spot"])
def test_a_fleet_launches_what_its_template_says(moto, market):
    subprocess.run([moto.python, "-c", FLEET, moto.url, image(moto)["ImageId"], market], check=True, timeout=120,
                   env={"PATH": "/usr/bin:/bin", **moto.credentials})
    assert [line.split()[0] for line in moto.left()] == ["security"]


def test_moto_ends_with_its_owner(make_moto):
    moto = make_moto()
    moto.close()
    with pytest.raises(OSError):
        moto.state()


# --- hosts of instances


def test_an_instance_is_a_host(ec2, tmp_path):
    """From run-instances to terminate-instances, with the key, the user-data and the rules that moto has, and another address."""
    key = make_key(tmp_path / "key")
    ec2.aws("ec2", "import-key-pair", "--key-name", "k", "--public-key-material", f"fileb://{key}.pub")
    group = ec2.aws("ec2", "create-security-group", "--group-name", "g", "--description", "d")["GroupId"]
    for port in ("22", "8000"):
        ec2.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", port, "--cidr", "0.0.0.0/0")
    subnet = ec2.aws("ec2", "describe-subnets")["Subnets"][0]["SubnetId"]
    data = tmp_path / "data"
    data.write_text("#!/bin/sh\ntouch /srv/here\nfor port in 8000 8001; do systemd-run --working-directory=/srv python3 -m http.server $port; done\n")
    made = run_instance(ec2, "--key-name", "k", "--security-group-ids", group, "--subnet-id", subnet, "--user-data", f"file://{data}",
                        "--associate-public-ip-address")
    host = ec2.hosts.host(made["InstanceId"])

    def addresses():
        row = ec2.aws("ec2", "describe-instances")["Reservations"][0]["Instances"][0]
        return row.get("PublicIpAddress"), row["PrivateIpAddress"]

    def ssh(address, command="id -un; cat /etc/hostname"):
        return subprocess.run(["/usr/bin/ssh", *SSH_OPTIONS, "-i", key, "-l", "ubuntu", address, command], capture_output=True, text=True,
                              timeout=30, check=False).stdout

    public, private = addresses()
    wait_until(lambda: ssh_answers(public), "sshd")
    assert ssh(public) == ssh(private) == f"ubuntu\nip-{private.replace('.', '-')}\n"
    wait_until(lambda: page(public, 8000), "the open port")
    assert not page(public, 8001)
    ec2.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "8001", "--cidr", "0.0.0.0/0")
    wait_until(lambda: page(public, 8001), "the port that was opened later")
    ec2.aws("ec2", "stop-instances", "--instance-ids", made["InstanceId"])
    wait_until(lambda: not host.running, "the host is down")
    assert addresses()[0] is None
    ec2.aws("ec2", "start-instances", "--instance-ids", made["InstanceId"])
    again = addresses()[0]
    assert again != public
    wait_until(lambda: ssh_answers(again), "sshd at the new address")
    assert not ssh_answers(public) and ssh(again, "ls /srv") == "here\n"
    boot = host.boot_id
    ec2.aws("ec2", "reboot-instances", "--instance-ids", made["InstanceId"])
    wait_until(lambda: host.running and host.boot_id != boot, "another boot")
    elastic = ec2.aws("ec2", "allocate-address", "--domain", "vpc")
    ec2.aws("ec2", "associate-address", "--allocation-id", elastic["AllocationId"], "--instance-id", made["InstanceId"])
    wait_until(lambda: ssh_answers(elastic["PublicIp"]), "sshd at the elastic address")
    ec2.aws("ec2", "terminate-instances", "--instance-ids", made["InstanceId"])
    wait_until(lambda: host.name not in ec2.hosts._engine.docker("ps", "-a", "--format", "{{.Names}}").stdout.decode(), "the host is gone")


def page(address, port):
    return subprocess.run(["curl", "-s", "--noproxy", "*", "--max-time", "2", f"http://{address}:{port}/"], capture_output=True, text=True,
                          check=False).stdout.count("here") > 0


# --- the model


REQUEST = {"Action": "RunInstances", "Version": "2016-11-15", "ImageId": "ami-1", "MinCount": "1", "MaxCount": "1",
           "UserData": base64.b64encode(b"#cloud-config").decode(), "BlockDeviceMapping.1.Ebs.Encrypted": "true",
           "NetworkInterface.1.SecurityGroupId.1": "sg-1", "NetworkInterface.1.DeviceIndex": "0",
           "TagSpecification.1.ResourceType": "instance", "TagSpecification.1.Tag.1.Key": "Name", "TagSpecification.1.Tag.1.Value": "a",
           "MetadataOptions.HttpTokens": "required"}


@pytest.mark.parametrize("change, problem", [
    ({}, None),
    ({"Action": "RunInstance"}, "there is no action"),
    ({"Version": "2016-04-01"}, "Version is"),
    ({"MinCount": None}, "MinCount is required"),
    ({"MaxCount": "one"}, "not a whole number"),
    ({"UserData.": "x"}, "has parts"),
    ({"BlockDeviceMapping.1.Ebs.Encrypted": "True"}, "not true or false"),
    ({"BlockDeviceMapping.1.Ebs.Crypted": "true"}, "BlockDeviceMapping.1.Ebs.Crypted is not known"),
    ({"NetworkInterface.1.SecurityGroupId.3": "sg-3"}, "is a list, whose parts are"),
    ({"NetworkInterface.SecurityGroupId": "sg-3"}, "is a list, whose parts are"),
    ({"TagSpecifications.1.ResourceType": "instance"}, "TagSpecifications is not known"),
    ({"MetadataOptions.HttpTokens": "requested"}, "not one of"),
    ({"ImageId.1": "ami-1"}, "has parts"),
    ({"Monitoring": "true"}, "is a structure"),
    ({"Action": "DescribeInstances", "MaxResults": "5"}, None),
    ({"Action": "CreateLaunchTemplate", "LaunchTemplateName": "ab"}, "shorter than 3"),
])
def test_the_model_tells_right_from_wrong(ec2_model, change, problem):
    request = REQUEST if change.get("Action", "RunInstances").startswith("RunInst") else {"Version": REQUEST["Version"]}
    form = {name: value for name, value in {**request, **change}.items() if value is not None}
    said = ec2_model.check_request(form)
    assert (said == []) if problem is None else any(problem in line for line in said), said


@pytest.mark.parametrize("status, body, problem", [
    (200, "<StopInstancesResponse xmlns='http://ec2.amazonaws.com/doc/2016-11-15/'><instancesSet><item><currentState><code>64</code></currentState>"
          "</item></instancesSet></StopInstancesResponse>", None),
    (200, "<StopInstancesResponse><instancesSet><item><currentState><code>soon</code></currentState></item></instancesSet></StopInstancesResponse>",
     "not a whole number"),
    (200, "<StartInstancesResponse/>", "is called"),
    (200, "stopped", "no XML"),
    (400, "<Response><Errors><Error><Code>X</Code></Error></Errors></Response>", None),
    (400, "<Error>X</Error>", "an error without"),
])
def test_the_model_reads_answers(ec2_model, status, body, problem):
    said = ec2_model.check_answer("StopInstances", status, body.encode())
    assert (said == []) if problem is None else any(problem in line for line in said), said


BOTO = """
import boto3, sys
ec2 = boto3.client("ec2", "us-east-1", endpoint_url=sys.argv[1])
made = ec2.run_instances(
    ImageId=sys.argv[2], InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData="#cloud-config", ClientToken="token",
    TagSpecifications=[{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": "a"}]} for kind in ("instance", "volume")],
    BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 16, "VolumeType": "gp3", "Encrypted": True, "Iops": 3000}}],
    NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": ec2.describe_subnets()["Subnets"][0]["SubnetId"], "AssociatePublicIpAddress": True}],
    MetadataOptions={"HttpTokens": "required"}, InstanceMarketOptions={"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}})
one = made["Instances"][0]["InstanceId"]
ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["a"]}], MaxResults=1000)
ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])
ec2.describe_account_attributes(AttributeNames=["default-vpc"])
ec2.describe_instance_attribute(InstanceId=one, Attribute="userData")
ec2.create_tags(Resources=[one], Tags=[{"Key": "b", "Value": "c"}])
ec2.authorize_security_group_ingress(GroupId=ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"], IpPermissions=[
    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "SSH"}]}])
ec2.create_launch_template(LaunchTemplateName="template", LaunchTemplateData={"ImageId": sys.argv[2], "InstanceType": "t3.micro"})
for kind in "availability_zones", "volumes", "addresses", "images", "key_pairs", "network_interfaces", "instance_type_offerings":
    getattr(ec2, "describe_" + kind)()
ec2.terminate_instances(InstanceIds=[one])
"""


def test_the_model_agrees_with_botocore(moto, trace):
    """What botocore makes of the model goes through moto and the trace without a problem."""
    subprocess.run([moto.python, "-c", BOTO, trace.url, image(moto)["ImageId"]], check=True, timeout=120,
                   env={"PATH": "/usr/bin:/bin", **moto.credentials})
    assert trace.asked[:2] == ["DescribeSubnets 1", "RunInstances 1"] and len(trace.asked) == 18
    assert trace.problems == []


# --- the trace


class Victim:
    """A process to be killed."""

    def __init__(self):
        self.process = subprocess.Popen(["sleep", "60"])
        self.pid = self.process.pid

    def ended(self):
        return self.process.wait(10)


@pytest.fixture
def echo():
    """A provider that says how often it was asked."""
    import http.server
    import threading

    class Echo(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        asked = 0

        def do_POST(self):
            Echo.asked += 1
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            text = str(Echo.asked).encode()
            self.send_header("Content-Length", str(len(text)))
            self.send_header("X-Host", self.headers["Host"])
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    server.seen = Echo
    yield server
    server.shutdown()
    server.server_close()


def ask(trace, *data, path="/", limit="5"):
    """curl's exit code and output."""
    argv = ["curl", "-s", "--noproxy", "*", "--max-time", limit, "-w", " %{http_code}", trace.url + path]
    made = subprocess.run(argv + [word for one in data for word in ("-d", one)], capture_output=True, text=True, check=False)
    return made.returncode, made.stdout


def test_the_trace_tells_polls_from_questions(echo):
    with ApiTrace(echo.server_port, ec2_call) as trace:
        for text in ("Action=DescribeInstances&InstanceId.1=a", "Action=DescribeInstances&InstanceId.1=a", "Action=DescribeInstances&InstanceId.1=b",
                     "Action=StopInstances&InstanceId.1=a", "Action=StopInstances&InstanceId.1=a"):
            assert ask(trace, text)[0] == 0
        assert [call.id for call in trace.calls] == ["DescribeInstances 1", "DescribeInstances again", "DescribeInstances 2", "StopInstances 1",
                                                     "StopInstances 2"]
        assert trace.count("DescribeInstances") == 3 and len(trace.polls) == 1 and "poll" in trace.table()
    with ApiTrace(echo.server_port, rest_call) as trace:
        ask(trace, path="/v2/droplets/123?page=1")
        ask(trace, '{"name": "a"}', path="/v2/droplets")
        assert trace.asked == ["GET /v2/droplets/ID 1", "POST /v2/droplets 1"]
        assert json.loads(trace.calls[1].parameters["body"]) == {"name": "a"}


def test_the_trace_misbehaves_as_told(echo):
    with ApiTrace(echo.server_port, ec2_call) as trace:
        trace.at("A", api_trace.throttled())
        trace.at("B", api_trace.ec2_error("InstanceLimitExceeded", "no more"), times=2)
        trace.at("C", api_trace.cut())
        trace.at("D", api_trace.lose_answer())
        trace.at("E", api_trace.hang())
        trace.at("F 2", api_trace.delay(0.5))
        assert ask(trace, "Action=A")[1].endswith("503") and ask(trace, "Action=A") == (0, "1 200")
        assert all("<Code>InstanceLimitExceeded</Code>" in ask(trace, "Action=B")[1] for _ in range(2)) and ask(trace, "Action=B") == (0, "2 200")
        assert ask(trace, "Action=C")[0] == 52 and echo.seen.asked == 2
        assert ask(trace, "Action=D")[0] == 52 and echo.seen.asked == 3
        assert ask(trace, "Action=E", limit="1")[0] == 28 and echo.seen.asked == 3
        began = time.monotonic()
        ask(trace, "Action=F")
        assert time.monotonic() - began < 0.5
        assert ask(trace, "Action=F") == (0, "5 200") and time.monotonic() - began >= 0.5
    with ApiTrace(echo.server_port, rest_call) as trace:
        trace.at("GET /v2/sizes", api_trace.rest_throttled(7))
        made = subprocess.run(["curl", "-si", "--noproxy", "*", f"{trace.url}/v2/sizes"], capture_output=True, text=True, check=False).stdout
        assert "429" in made and "retry-after: 7" in made and "ratelimit-remaining: 0" in made


@pytest.mark.parametrize("fault, heard", [(api_trace.kill_before(), 0), (api_trace.kill_after(), 1)])
def test_the_trace_kills(echo, fault, heard):
    victim = Victim()
    with ApiTrace(echo.server_port, ec2_call) as trace:
        trace.at("RunInstances 1", fault)
        trace.watch(victim)
        assert ask(trace, "Action=RunInstances")[0] == 52
    assert victim.ended() == -9 and echo.seen.asked == heard


def test_what_the_model_does_not_know_is_kept(echo, ec2_model):
    with ApiTrace(echo.server_port, ec2_call, check_ec2(ec2_model)) as trace:
        ask(trace, "Action=DescribeInstances&Version=2016-11-15&Instance=i-1")
    assert trace.problems == ["DescribeInstances: Instance is not known"]


# --- crashes


def test_a_call_that_was_not_traced_is_told():
    calls = [Call("POST", "/", {}, b"", kind="A", id="A 1"), Call("GET", "/", {}, b"", kind="B", id="B again", poll=True)]
    points = crash.points_of([calls[0], Call("GET", "/", {}, b"", kind="B", id="B 1")])
    assert [(point.id, point.when) for point in points] == [("A 1", "before"), ("A 1", "after"), ("B 1", "before"), ("B 1", "after")]
    crash.assert_covered(calls, points, "then")
    with pytest.raises(AssertionError, match="then: calls that the traced run did not make: .'A 2'"):
        crash.assert_covered([Call("POST", "/", {}, b"", kind="A", id="A 2")], points, "then")
