"""`ls`: the table, filters, templates, and machines that are broken, foreign, unfinished or silent."""

import re
import time

import pytest

from servers import ENGINE_VERSION
from store import UNFINISHED, add_machine, config_file, free_port, generic, refusing_url, rows_of

REFUSED = "Unable to query docker version: Cannot connect to the docker engine endpoint"


def swarm(discovery, master=False):
    def change(document):
        document["HostOptions"]["SwarmOptions"].update(Discovery=discovery, Master=master, IsSwarm=True)

    return change


def labelled(*labels):
    return lambda document: document["HostOptions"]["EngineOptions"].update(Labels=list(labels))


def test_empty_table(bare):
    assert bare("ls") == "NAME   ACTIVE   DRIVER   STATE   URL   SWARM   DOCKER   ERRORS\n"
    assert bare("ls", "-q") == ""
    assert not bare.store.exists()


def test_table(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "on", engine.url)
    add_machine(docker_machine.store, "off", refusing_url())
    header, *lines = docker_machine("ls", environment={"DOCKER_HOST": engine.url}).splitlines()
    rows = [("off", "-", "none", "Running", refusing_url(), "", "Unknown", REFUSED),
            ("on", "*", "none", "Running", engine.url, "", "v" + ENGINE_VERSION, "")]
    titles = ("NAME", "ACTIVE", "DRIVER", "STATE", "URL", "SWARM", "DOCKER", "ERRORS")
    widths = [max(len(row[i]) for row in [titles, *rows]) + 3 for i in range(7)]
    expected = ["".join(cell.ljust(width) for cell, width in zip(row, widths)) + row[7] for row in [titles, *rows]]
    assert [header, *lines] == expected, "each column is as wide as its longest cell and 3 blanks, the last is not filled up"
    assert engine.requests == ["GET /version HTTP/1.1"]


def test_names_that_differ_in_case_only(docker_machine):
    for name, address in (("Web", "tcp://127.0.0.2:1"), ("web", "tcp://127.0.0.3:1")):
        add_machine(docker_machine.store, name, address)
    assert docker_machine("ls", "-f", "{{.Name}} {{.URL}}") == "Web tcp://127.0.0.2:1\nweb tcp://127.0.0.3:1\n"


def test_words_after_ls_are_ignored(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    assert docker_machine("ls", "x", "-q", "y") == "a\n"


def test_active_is_the_first_in_the_order_of_ls(docker_machine):
    for name in ("m10", "m2", "M3"):
        add_machine(docker_machine.store, name, refusing_url())
    for words in ([], ["-t", "3"], ["--timeout=0x10"]):
        assert docker_machine("active", *words, environment={"DOCKER_HOST": refusing_url()}) == "m2\n"


def test_order(docker_machine):
    for name in ("m10", "M3", "m2", "m1", "a-1", "a.b", "10", "9", "Z", "b"):
        add_machine(docker_machine.store, name, refusing_url())
    assert list(rows_of(docker_machine("ls"))) == ["9", "10", "a-1", "a.b", "b", "m1", "m2", "M3", "m10", "Z"]
    assert docker_machine("ls", "-q").split() == ["10", "9", "M3", "Z", "a-1", "a.b", "b", "m1", "m10", "m2"]


def test_what_is_a_machine(docker_machine):
    """Every folder that does not begin with a dot; files are not."""
    machines = docker_machine.store / "machines"
    add_machine(docker_machine.store, "a", refusing_url())
    add_machine(docker_machine.store, ".hidden", refusing_url())
    (machines / "file").write_text("x")
    (machines / "empty").mkdir()
    rows = rows_of(docker_machine("ls"))
    assert list(rows) == ["a", "empty"]
    assert rows["empty"]["STATE"] == "Error" and rows["empty"]["DRIVER"] == "not found"
    assert rows["empty"]["ERRORS"] == f"open {machines}/empty/config.json: no such file or directory"
    assert docker_machine("ls", "-q") == "a\n"


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[]", '{"ConfigVersion": 9}', "\n\n{\n\n"])
def test_a_broken_machine_is_a_row(docker_machine, text):
    add_machine(docker_machine.store, "a", refusing_url())
    file = add_machine(docker_machine.store, "broken", refusing_url())
    file.write_text(text)
    rows = rows_of(docker_machine("ls"))
    assert rows["a"]["STATE"] == "Running" and rows["a"]["ERRORS"] == REFUSED
    broken = rows["broken"]
    assert (broken["ACTIVE"], broken["DRIVER"], broken["STATE"], broken["URL"]) == ("", "not found", "Error", "")
    assert broken["ERRORS"].startswith("Error getting migrated host: ")
    assert len(docker_machine("ls").splitlines()) == 3
    assert docker_machine("ls", "-q") == "a\n"
    assert file.read_text() == text


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"Unfinished": 5}', '{"Unfinished": true, "Failure": 7}'])
def test_broken_notes_do_not_hide_the_other_machines(docker_machine, text):
    add_machine(docker_machine.store, "a", refusing_url())
    (add_machine(docker_machine.store, "odd", refusing_url()).parent / "notes.json").write_text(text)
    result = docker_machine.run("ls")
    assert result.code == 0, str(result)
    assert list(rows_of(result.out)) == ["a", "odd"]
    assert "Successfully removed odd" in docker_machine("rm", "-y", "odd")


def test_foreign_driver_is_a_row(docker_machine):
    def change(document):
        document["DriverName"] = "some-cloud"
        document["Driver"]["Token"] = {"a": [1, 2.5, None]}

    file = add_machine(docker_machine.store, "foreign", refusing_url(), change)
    add_machine(docker_machine.store, "a", refusing_url())
    before = file.read_bytes(), file.stat().st_ino
    rows = rows_of(docker_machine("ls"))
    assert rows["foreign"]["DRIVER"] == "not-found" and rows["a"]["STATE"] == "Running"
    assert rows["foreign"]["ERRORS"].startswith('Driver "some-cloud" not found. Do you have the plugin binary ')
    assert docker_machine("ls", "-q") == "a\nforeign\n"
    assert docker_machine("ls", "-q", "--filter", "driver=some-cloud") == "foreign\n"
    assert (file.read_bytes(), file.stat().st_ino) == before


def test_unfinished_machine(docker_machine):
    for name, notes in (("stuck", '{"Unfinished": true, "Failure": "no luck"}'), ("killed", '{"Unfinished": true}'),
                        ("done", '{"Unfinished": false}')):
        (add_machine(docker_machine.store, name, refusing_url()).parent / "notes.json").write_text(notes)
    rows = rows_of(docker_machine("ls"))
    assert rows["stuck"]["ERRORS"] == f"{UNFINISHED} (no luck); {REFUSED}"
    assert rows["killed"]["ERRORS"] == f"{UNFINISHED}; {REFUSED}"
    assert rows["done"]["ERRORS"] == REFUSED
    assert docker_machine("ls", "-q") == "done\nkilled\nstuck\n"


@pytest.fixture
def fleet(docker_machine):
    """Machines that filters tell apart."""
    store = docker_machine.store
    add_machine(store, "web-1", refusing_url(), labelled("tier=Front", "zone=a"))
    add_machine(store, "web-2", refusing_url(), labelled("tier=back"))
    add_machine(store, "db", refusing_url(), labelled("bare"))
    add_machine(store, "gen", refusing_url(), generic(free_port()))
    add_machine(store, "boss", "tcp://127.0.0.1:1", swarm("token://1", master=True))
    add_machine(store, "worker", refusing_url(), swarm("token://1"))
    return docker_machine


@pytest.mark.parametrize("filters, names", [
    (["name=web"], "web-1 web-2"), (["name=^web-2$"], "web-2"), (["name=WEB"], ""), (["NAME=db"], "db"),
    (["name=web-1", "name=db"], "db web-1"), (["name=web", "label=tier=back"], "web-2"), (["driver=generic"], "gen"),
    (["driver=NONE", "name=^[wd]"], "db web-1 web-2 worker"), (["label=tier=front"], "web-1"),
    (["label=tier=FRONT", "label=tier=back"], "web-1 web-2"), (["label=Tier=front"], ""), (["label=zone=b"], ""),
    (["label=bare"], "db"), (["swarm=boss"], "boss worker"), (["swarm=BOSS"], "boss worker"), (["swarm=x"], ""),
    (["state=Running"], "boss db web-1 web-2 worker"), (["state=stopped"], "gen"),
    (["state=Stopped", "state=running", "name=g"], "gen"), (["state=Error"], ""),
])
def test_filters(fleet, filters, names):
    words = [word for text in filters for word in ("--filter", text)]
    result = fleet.run("ls", "-q", *words)
    assert result.code == 0 and result.err == ""
    assert result.out.split() == names.split()
    assert sorted(rows_of(fleet("ls", *words))) == sorted(names.split())


def test_filters_leave_broken_machines_in_the_table(fleet):
    config_file(fleet.store, "db").write_text("{")
    assert sorted(rows_of(fleet("ls", "--filter", "name=web-1"))) == ["db", "web-1"]
    assert fleet("ls", "-q", "--filter", "name=web-1") == "web-1\n"


@pytest.mark.parametrize("text, message", [("foo", "Unsupported filter syntax"), ("", "Unsupported filter syntax"),
                                           ("Foo=x", "Unsupported filter key 'foo'")])
def test_wrong_filters(bare, text, message):
    result = bare.run("ls", "--filter", text)
    assert (result.code, result.out, result.err) == (1, "", message + "\n")


def test_wrong_expression(bare):
    result = bare.run("ls", "--filter", "name=[")
    assert result.code == 1 and result.out == "" and result.err.startswith("error parsing regexp: ")
    assert result.err.endswith("`[`\n")


def test_swarm_column(fleet):
    rows = rows_of(fleet("ls"))
    assert rows["boss"]["SWARM"] == "boss (master)" and rows["worker"]["SWARM"] == "boss" and rows["db"]["SWARM"] == ""
    active = rows_of(fleet("ls", environment={"DOCKER_HOST": "tcp://127.0.0.1:3376"}))
    assert active["boss"]["ACTIVE"] == "* (swarm)"
    assert fleet("active", environment={"DOCKER_HOST": "tcp://127.0.0.1:3376"}) == "boss\n"
    # The master is looked for among the machines that are shown.
    assert rows_of(fleet("ls", "--filter", "name=worker"))["worker"]["SWARM"] == ""
    assert fleet("ls", "--filter", "swarm=boss", "-f", "{{.Name}}:{{.Swarm}}") == "boss:boss (master)\nworker:boss\n"


def test_quiet_asks_nobody(docker_machine, full_queue):
    add_machine(docker_machine.store, "silent", f"tcp://127.0.0.1:{full_queue.port}")
    add_machine(docker_machine.store, "gen", refusing_url(), generic(full_queue.port))
    assert docker_machine.run("ls", "-q").seconds < 0.5
    assert docker_machine("ls", "-q", "-f", "{{.Nope}}") == "gen\nsilent\n", "with -q the template is never looked at"


def test_format(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "on", engine.url, labelled("a=b"))
    add_machine(docker_machine.store, "off", refusing_url(), swarm("", master=True))
    add_machine(docker_machine.store, "bad", refusing_url()).write_text("{")

    def rendered(template):
        return docker_machine("ls", "--filter", "name=o", "--format", template, environment={"DOCKER_HOST": engine.url})

    assert rendered("{{.Name}}") == "bad\noff\non\n"
    assert rendered("{{.Name}}:{{.ActiveHost}}:{{.ActiveSwarm}}:{{.State}}") == (
        "bad:false:false:Error\noff:false:false:Running\non:true:false:Running\n")
    assert rendered("{{.EngineOptions.Labels}}".replace("{{", "{{with .EngineOptions}}{{", 1).replace(".EngineOptions.", ".") +
                    "{{end}}") == "\n[]\n[a=b]\n"
    assert rendered("{{if .SwarmOptions}}{{.SwarmOptions.Master}}{{else}}none{{end}}") == "none\ntrue\nfalse\n"
    assert rendered(r"{{.Name}}\t{{.DriverName}}\n--") == "bad\tnot found\n--\noff\tnone\n--\non\tnone\n--\n"
    assert rendered('{{.Name | printf "%-5s|"}}{{if eq .State.String "Running"}}up{{end}}') == "bad  |\noff  |up\non   |up\n"
    assert rendered("{{.Error}}").splitlines()[1] == REFUSED
    assert re.fullmatch(r"(\d+(\.\d+)?m?s\n){3}", rendered("{{.ResponseTime}}"))
    assert rendered("table {{.Name}}\t{{.Active}}\t{{.ResponseTime.Seconds}}".replace("\t{{.ResponseTime.Seconds}}", "")) == (
        "NAME   ACTIVE\nbad    \noff    -\non     *\n")
    assert rendered(r"table {{.Name}}\t{{.DockerVersion}}\t{{.URL}}").splitlines()[0].split() == ["NAME", "DOCKER", "URL"]


def test_wrong_formats(docker_machine):
    wrong = docker_machine.run("ls", "--format", "{{json .}}")
    assert (wrong.code, wrong.err) == (1, 'template: :1: function "json" not defined\n')
    assert docker_machine("ls", "--format", "{{.Nope}}") == "", "noticed only where there is a machine"
    assert docker_machine("ls", "--format", r"table {{.Nope}}\t{{.Name}}") == "<no value>   NAME\n"
    wrong = docker_machine.run("ls", "--format", "{{.Name")
    assert wrong.code == 1 and wrong.err.startswith("template: :1: unclosed action"), "parsed all the same"
    add_machine(docker_machine.store, "a", refusing_url())
    wrong = docker_machine.run("ls", "--format", "{{.Nope}}")
    assert (wrong.code, wrong.err) == (1, 'template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type '
                                          "commands.HostListItem\n")


def test_silence_costs_one_timeout(docker_machine, full_queue, make_engine):
    """Twenty machines that never answer, of two kinds, and two others among them."""
    engine = make_engine(docker_machine.store)
    for i in range(20):
        address = f"127.0.0.{i + 2}"
        add_machine(docker_machine.store, f"silent-{i:02}", f"tcp://{address}:{full_queue.port}",
                    generic(full_queue.port, address) if i % 4 == 3 else None)
    add_machine(docker_machine.store, "on", engine.url)
    add_machine(docker_machine.store, "off", refusing_url())
    began = time.monotonic()
    rows = rows_of(docker_machine("ls", "--timeout", "1"))
    assert 0.9 < time.monotonic() - began < 3
    states = {name: row["STATE"] for name, row in rows.items()}
    assert (states.pop("on"), states.pop("off")) == ("Running", "Running")
    assert set(states.values()) == {"Timeout"} and len(states) == 20
    for name in states:
        assert (rows[name]["ACTIVE"], rows[name]["DOCKER"], rows[name]["ERRORS"]) == ("", "", "")
    assert rows["on"]["DOCKER"] == "v" + ENGINE_VERSION


@pytest.mark.parametrize("timeout", ["0", "-3"])
def test_no_time_at_all(docker_machine, full_queue, make_engine, timeout):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "silent", f"tcp://127.0.0.1:{full_queue.port}")
    add_machine(docker_machine.store, "on", engine.url)
    add_machine(docker_machine.store, "gen", refusing_url(), generic(full_queue.port))
    result = docker_machine.run("ls", "--timeout", timeout, limit=5)
    assert result.code == 0 and result.seconds < 1
    assert {name: row["STATE"] for name, row in rows_of(result.out).items()} == dict.fromkeys(["gen", "on", "silent"], "Timeout")


def test_a_server_that_says_nothing_times_out(docker_machine, silent_server):
    add_machine(docker_machine.store, "mute", f"tcp://127.0.0.1:{silent_server.port}")
    result = docker_machine.run("ls", "-t", "1", limit=5)
    assert result.code == 0 and 0.9 < result.seconds < 3
    assert rows_of(result.out)["mute"]["STATE"] == "Timeout"


def test_active_gives_up_in_time(docker_machine, full_queue):
    add_machine(docker_machine.store, "gen", refusing_url(), generic(full_queue.port))
    result = docker_machine.run("active", "-t", "1", environment={"DOCKER_HOST": "tcp://127.0.0.1:2"}, limit=5)
    assert (result.code, result.err) == (1, "Error getting active host: timeout\n")
    assert result.seconds < 3
