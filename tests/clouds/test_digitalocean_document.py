"""The simulator holds both sides against DigitalOcean's document: deliberate breaches are found."""

import copy

import pytest
from digitalocean_cloud import SMALL, Caller, Simulator, call, cloud, droplet
from do_simulator.document import Document
from do_simulator.operations import OPERATIONS, Answer

REQUESTS = [
    ("a member of the wrong type", "POST", "/v2/droplets", {**SMALL, "backups": "yes"}, 422, "backups"),
    ("a member that is missing", "POST", "/v2/account/keys", {"name": "key"}, 422, "public_key"),
    ("a member that is misspelt", "POST", "/v2/droplets", {**SMALL, "userdata": "#!/bin/sh"}, 422, "userdata"),
    ("a misspelt member deep inside", "POST", "/v2/firewalls",
     {"name": "fw", "inbound_rules": [{"protocol": "tcp", "ports": "22", "sources": {"adresses": ["0.0.0.0/0"]}}]}, 422, "adresses"),
    ("null where there is none", "POST", "/v2/droplets", {**SMALL, "vpc_uuid": None}, 422, "vpc_uuid"),
    ("a word out of a list", "POST", "/v2/droplets/1/actions", {"type": "power-on"}, 422, "power-on"),
    ("a name that is none", "POST", "/v2/droplets", {**SMALL, "name": "web_1"}, 422, "web_1"),
    ("a tag that is none", "POST", "/v2/tags", {"name": "a tag"}, 422, "a tag"),
    ("one of two, and both", "POST", "/v2/reserved_ips", {"region": "nyc3", "droplet_id": 1}, 422, "body"),
    ("a page that is too large", "GET", "/v2/droplets?per_page=500", None, 422, "per_page"),
    ("a query that nobody knows", "GET", "/v2/droplets?tag=web", None, 422, "'tag'"),
    ("a query that is missing", "DELETE", "/v2/droplets", None, 422, "tag_name"),
    ("an id that is none", "GET", "/v2/droplets/web-1", None, 404, "droplet_id"),
    ("a uuid that is none", "GET", "/v2/vpcs/1", None, 404, "vpc_id"),
    ("an operation that nobody knows", "POST", "/v2/droplet", SMALL, 404, "no such operation"),
    ("a body where there is none", "GET", "/v2/account", {"verbose": True}, 422, "takes none"),
    ("no body where there is one", "POST", "/v2/droplets", None, 422, "missing"),
    ("a list for a body", "POST", "/v2/tags/web/resources", [1], 422, "missing"),
]


@pytest.mark.parametrize("what, method, path, body, status, word", REQUESTS, ids=[row[0] for row in REQUESTS])
def test_a_breach_by_the_client_is_found(cloud, call, what, method, path, body, status, word):
    answer = call(method, path, body)
    assert answer.status == status
    with pytest.raises(AssertionError, match="the client"):
        cloud.check()
    [violation] = cloud.take_violations()
    assert word in violation
    assert cloud.left()["droplets"] == []


def test_what_is_not_json_is_found(cloud, call):
    assert call("POST", "/v2/droplets", content="{'name': 1}").error[:2] == (400, "bad_request")
    assert call("POST", "/v2/droplets", SMALL, kind="application/x-www-form-urlencoded").error[:2] == (400, "bad_request")
    assert len(cloud.take_violations()) == 2


def test_a_violation_fails_the_test_that_it_happens_in():
    with pytest.raises(AssertionError, match="vpc_uid"):
        with Simulator() as simulator:
            Caller(simulator.url)("POST", "/v2/droplets", {**SMALL, "vpc_uid": "x"})


def _spoilt(change):
    """An operation that gives the right answer, and then something happens to it."""
    def spoil(function):
        def operation(account, request):
            answer = function(account, request)
            answer = Answer(answer.status, copy.deepcopy(answer.body), dict(answer.headers))
            change(answer)
            return answer
        return operation
    return spoil


ANSWERS = [
    ("a member is missing", "droplets_get", lambda answer: answer.body["droplet"].pop("size_slug"), "size_slug"),
    ("a member has the wrong type", "droplets_get", lambda answer: answer.body["droplet"].update(id="1"), "'1'"),
    ("a member is invented", "droplets_get", lambda answer: answer.body["droplet"].update(ip="192.0.2.1"), "'ip'"),
    ("a word is invented", "droplets_get", lambda answer: answer.body["droplet"].update(status="running"), "running"),
    ("a date is none", "droplets_get", lambda answer: answer.body["droplet"].update(created_at="yesterday"), "yesterday"),
    ("an address is none", "droplets_get",
     lambda answer: answer.body["droplet"]["networks"]["v4"][0].update(ip_address="198.18.0.300"), "198.18.0.300"),
    ("a list has no count", "droplets_list", lambda answer: answer.body.pop("meta"), "meta"),
    ("a status is not documented", "droplets_get", lambda answer: setattr(answer, "status", 203), "203"),
    ("a body where none is", "droplets_destroy", lambda answer: setattr(answer, "body", {"droplet": None}), "body"),
    ("no body where one is", "droplets_get", lambda answer: setattr(answer, "body", None), "missing"),
]


@pytest.mark.parametrize("what, operation, change, word", ANSWERS, ids=[row[0] for row in ANSWERS])
def test_a_breach_by_the_simulator_is_found(cloud, call, droplet, monkeypatch, what, operation, change, word):
    monkeypatch.setitem(OPERATIONS, operation, _spoilt(change)(OPERATIONS[operation]))
    method, path = ("GET", "/v2/droplets") if operation == "droplets_list" else ("GET", f"/v2/droplets/{droplet}")
    answer = call("DELETE" if operation == "droplets_destroy" else method, path)
    assert answer.error == (500, "server_error", "Unexpected server-side error")
    with pytest.raises(AssertionError, match="the simulator"):
        cloud.check()
    [fault] = cloud.take_faults()
    assert word in fault


def test_an_answer_without_its_limits_is_found(cloud, call, monkeypatch):
    monkeypatch.setattr(cloud.api.limits, "headers", dict)
    assert call("GET", "/v2/account").status == 500
    assert "ratelimit-remaining is missing" in cloud.take_faults()[0]


def test_a_bug_and_a_gap_of_the_simulator_are_found(cloud, call, droplet, monkeypatch):
    monkeypatch.setitem(OPERATIONS, "account_get", lambda account, request: account.nothing)
    assert call("GET", "/v2/account").status == 500
    assert call("GET", f"/v2/droplets/{droplet}/kernels").status == 500
    assert call("POST", f"/v2/droplets/{droplet}/actions", {"type": "snapshot", "name": "s"}).status == 500
    bug, gap, action = cloud.take_faults()
    assert "AttributeError" in bug and "droplets_list_kernels" in gap and "snapshot" in action


def test_every_operation_of_the_simulator_is_one_of_the_document():
    assert set(OPERATIONS) <= set(Document().operations)


def test_words_win_over_parameters():
    operation, values = Document().match("POST", "/v2/droplets/actions")
    assert (operation.name, values) == ("dropletActions_post_byTag", {})
