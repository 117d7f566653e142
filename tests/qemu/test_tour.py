"""Every line of the README's tour is followed by a test, and no test follows a line that is not there."""

import ast
import importlib
from pathlib import Path

import cli
from tour import ELSEWHERE, README, tour_lines


def followed_here():
    lines = []
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(file.stem)
        for name, value in vars(module).items():
            if name.startswith("test_"):
                lines += getattr(value, "tour", ())
    return lines


def test_every_line_of_the_tour_has_a_test():
    tour = tour_lines(README.read_text())
    followed = followed_here() + list(ELSEWHERE)
    assert [line for line in tour if line not in followed] == []
    assert [line for line in followed if line not in tour] == [], "the README has no such line (any more)"


def test_what_is_said_to_be_tested_elsewhere_is():
    for line, (file, test) in ELSEWHERE.items():
        tree = ast.parse((cli.REPOSITORY / file).read_text())
        tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert test in tests, f"{file} has no '{test}', which was to follow: {line}"


def test_lines_are_read_as_typed():
    text = ("# x\n\n    $ before\n\n## A tour\n\nWords:\n\n    $ docker-machine ls\n    NAME   ACTIVE\n"
            "    $ docker-machine kill dev   # at once\n    $ curl http://$(docker-machine ip dev):8000\n\n## More\n\n    $ after\n")
    assert tour_lines(text) == ["docker-machine ls", "docker-machine kill dev", "curl http://$(docker-machine ip dev):8000"]
