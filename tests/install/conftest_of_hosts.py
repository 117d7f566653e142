"""The fixtures of tests/hosts under a name that does not hide this folder's conftest.py."""

import importlib.util
from pathlib import Path

_place = Path(__file__).resolve().parents[1] / "hosts" / "conftest.py"
_spec = importlib.util.spec_from_file_location("hosts_conftest", _place)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

engine, ssh_key, make_host, docker_host = _module.engine, _module.ssh_key, _module.make_host, _module.docker_host
started_engine = _module.started_engine
pytest_runtest_makereport = _module.pytest_runtest_makereport
