"""Our templates and Go's own text/template give the same, output and errors, byte by byte."""

import collections

import generator
import picked
import pytest
from conftest import ADDRESS

SEED = 20161019
CASES = 700  # of each piece of data
SHOWN = 10


def visible(result):
    """A result as far as both can say it: an error's text ends with its first NUL byte here."""
    kind, text = result
    return (kind, text.split(b"\0")[0]) if kind == "error" else result


def expect_same(pairs, theirs, ours):
    """Compares results; returns how many could be."""
    compared = [case for case in zip(pairs, theirs, ours) if case[1] != ADDRESS]
    different = [case for case in compared if visible(case[1]) != visible(case[2])]
    report = "\n".join(f"{data}: {text!r}\n  Go   {go}\n  ours {our}" for (data, text), go, our in different[:SHOWN])
    assert not different, f"{len(different)} of {len(compared)} differ, among them:\n{report}"
    return len(compared)


def test_picked_templates(original, renderer):
    pairs = picked.pairs()
    assert expect_same(pairs, original(pairs), renderer(pairs)) > 2000


@pytest.mark.parametrize("data", generator.PATHS)
def test_generated_templates(original, renderer, data):
    pairs = generator.generated(SEED, CASES, data)
    theirs = original(pairs)
    # Not a corpus of errors, and not of one result.
    kinds = collections.Counter(kind for kind, _ in theirs)
    assert kinds["output"] >= CASES / 5 and kinds["error"] >= CASES / 5, kinds
    assert len(set(theirs)) > CASES / 2
    assert expect_same(pairs, theirs, renderer(pairs)) > CASES * 0.95


def test_inspect_writes_small_numbers_as_go_does(original, plain_renderer):
    """inspect writes 3164444 where Go writes 3.164444e+06; below a million both are the same, but for the verbs of printf."""
    pairs = [pair for pair in picked.pairs() + generator.generated(SEED + 1, CASES, "small") if pair[0] == "small" and "printf" not in pair[1]]
    cases = [case for case in zip(pairs, original(pairs)) if b"e+" not in case[1][1]]
    pairs, theirs = zip(*cases)
    assert expect_same(pairs, theirs, plain_renderer(pairs)) > 500
