"""What a test of clouds can ask for. README.md says how to use it."""

import shutil
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
_tests = Path(__file__).resolve().parents[1]
for _folder in ("install", "cli", "hosts"):  # behind this folder: its modules come first
    sys.path.insert(1, str(_tests / _folder))

import cli  # noqa: E402
import images  # noqa: E402
import moto_ec2  # noqa: E402
from amazonec2 import make_subject  # noqa: E402
from api_trace import ApiTrace, check_ec2, ec2_call  # noqa: E402
from cloud_hosts import CloudHost  # noqa: E402
from crash import SshDoor  # noqa: E402
from ec2_model import Model  # noqa: E402
from store import refusing_url  # noqa: E402

# What adds the hosts' journals to a failure, and how the engine is started.
from conftest_of_hosts import pytest_runtest_makereport, started_engine  # noqa: E402, F401

NO_MOTO = ("NOT TESTED: amazonec2 needs moto 5 and the AWS CLI in one python, which this computer does not have;"
           " set DM_MOTO_PYTHON to such a python")


@pytest.fixture(scope="session")
def engine(request):
    """The private docker engine in which the clouds' hosts live."""
    yield from started_engine(request, images.CLOUD_KINDS)


@pytest.fixture(scope="session")
def moto_python():
    """The python that has moto. Without it, what needs moto is skipped, and counted as skipped."""
    found = moto_ec2.find_python()
    if not found:
        pytest.skip(NO_MOTO)
    return found


@pytest.fixture(scope="session")
def ec2_model(moto_python):
    """EC2's published service model."""
    return Model(moto_ec2.model_path(moto_python))


@pytest.fixture
def make_moto(moto_python):
    """make_moto(settle=0): motos for one test."""
    made = []

    def make(**how):
        made.append(moto_ec2.Moto(moto_python, **how))
        return made[-1]

    yield make
    for moto in made:
        moto.close()


@pytest.fixture
def moto(make_moto):
    """An EC2 whose instances nobody answers for, for one test."""
    return make_moto()


@pytest.fixture
def make_trace(request, ec2_model):
    """make_trace(moto): what is between docker-machine and moto. A request that EC2's model does not know fails the test."""
    traces = []

    def make(moto):
        traces.append(ApiTrace(moto.port, ec2_call, check_ec2(ec2_model)))
        return traces[-1]

    yield make
    for trace in traces:
        trace.close()
    problems = sorted({problem for trace in traces for problem in trace.problems})
    assert problems == [], "EC2's service model says:\n" + "\n".join(problems)


@pytest.fixture
def trace(moto, make_trace):
    return make_trace(moto)


@pytest.fixture
def make_cloud_host(engine, request):
    """make_cloud_host(user_data=..., public_keys=[...]): hosts born of user-data, for one test."""
    hosts = request.node.hosts = []

    def make(**how):
        hosts.append(CloudHost(engine, **how))
        return hosts[-1]

    yield make
    for host in hosts:
        host.remove()


class Hosts(list):
    """The hosts of instances, as a report wants them: those that there are when it is written."""

    def __init__(self, instances):
        super().__init__()
        self._instances = instances

    def __iter__(self):
        return iter(self._instances.all)


@pytest.fixture
def ec2(engine, request, make_moto):
    """An EC2 whose instances are real hosts, for one test: a Moto, with `hosts`."""
    moto = make_moto(addresses=[engine.new_address() for _ in range(12)])
    moto.hosts = moto_ec2.InstanceHosts(engine, moto, kind=getattr(request, "param", "cloud-docker"))
    request.node.hosts = Hosts(moto.hosts)
    try:
        yield moto
    finally:
        moto.hosts.close()
    assert moto.hosts.failures == []


@pytest.fixture
def ssh_door():
    """Where a create without a host waits for ever."""
    with SshDoor() as door:
        yield door


@pytest.fixture
def subject(moto, trace, docker_machine, ssh_door):
    """A create with amazonec2 against an EC2 without hosts, which comes as far as SSH."""
    return make_subject(moto, trace, docker_machine, ssh_door)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A certs folder, so that not every test waits for new RSA keys. Fails, and does not skip, if the program is not built."""
    try:
        maker = cli.DockerMachine(cli.binary_path(), tmp_path_factory.mktemp("authority"))
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    maker("create", "-d", "none", "--url", refusing_url(), "first")
    return maker.store / "certs"


@pytest.fixture
def docker_machine(tmp_path, certificates):
    """The program under test, with a store that has its certificates and no machine."""
    made = cli.DockerMachine(cli.binary_path(), tmp_path / "home")
    made.store.mkdir(parents=True, mode=0o700)
    shutil.copytree(certificates, made.store / "certs")
    return made
