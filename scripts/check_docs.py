#!/usr/bin/env python3
"""Holds docs/ against what the program says of itself: a page for each command and driver, with each of its flags.

Usage: check_docs.py PATH_OF_BINARY. Prints the problems; exit code 1 if there are any.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
FLAG = r"--?[A-Za-z][\w-]*"


def ask(binary, *words):
    """What the program prints for these words, in an environment that gives no flag a value."""
    with tempfile.TemporaryDirectory() as home:
        answer = subprocess.run([binary, *words], capture_output=True, text=True, timeout=60, cwd=home,
                                env={"HOME": home, "PATH": os.environ.get("PATH", "")})
    if answer.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: exit code {answer.returncode}: {answer.stderr.strip()}")
    return answer.stdout


def section(text, title):
    """The indented lines under a title of the help."""
    lines = iter(text.splitlines())
    for line in lines:
        if line == title:
            break
    found = []
    for line in lines:
        if line and not line.startswith(" "):
            break
        if line.strip():
            found.append(line.strip())
    return found


def flags(text):
    """The flags of a help text: {names of one flag: (environment variables, default)}."""
    found = {}
    for line in section(text, "Options:"):
        if not (names := re.match(rf"{FLAG}(?:, {FLAG})*", line)):
            raise RuntimeError(f"cannot read the help's line \"{line}\"")
        variables = re.search(r"\[(\$[^\]]*)\]$", line)
        default = re.match(r' "([^"]*)"', line[names.end():])
        found[tuple(names[0].split(", "))] = (re.findall(r"\$(\w+)", variables[1]) if variables else [],
                                              default[1] if default else "")
    return found


def rows_about(page, name):
    """The rows of the page's tables whose first cell names this flag."""
    cells = [line.split("|") for line in page.splitlines() if line.startswith("|")]
    return [row for row in cells if f"`{name}`" in row[1]]


def missing_flags(path, expected, with_defaults=True):
    page = path.read_text()
    where = path.relative_to(ROOT)
    for names, (variables, default) in expected.items():
        rows = rows_about(page, names[0])
        if not rows:
            yield f"{where}: no table tells of {names[0]}"
            continue
        row = "|".join(rows[0])
        for word in [*names[1:], *variables, *([default] if default and with_defaults else [])]:
            if f"`{word}`" not in row:
                yield f"{where}: the row of {names[0]} does not name `{word}`"
    known = {name for names in expected for name in names}
    for line in page.splitlines():
        for name in re.findall(rf"`({FLAG})`", line.split("|")[1]) if line.startswith("|") else []:
            if name not in known:
                yield f"{where}: {name} is no flag of the program"


def unknown_pages(folder, names):
    for path in sorted((DOCS / folder).glob("*.md")):
        if path.stem not in names:
            yield f"{path.relative_to(ROOT)}: there is no {path.stem} among the {folder}"


def command_problems(binary):
    commands = [line.split()[0] for line in section(ask(binary, "help"), "Commands:")]
    for name in commands:
        page = DOCS / "commands" / f"{name}.md"
        if not page.exists():
            yield f"docs/commands/{name}.md is missing"
            continue
        # The help of "create --help" has the flags of a driver too, which stand in the driver's page.
        text = ask(binary, "help", name) if name in ("create", "adopt") else ask(binary, name, "--help")
        yield from missing_flags(page, flags(text))
    yield from unknown_pages("commands", commands)


def driver_problems(binary):
    drivers = sorted(path.name for path in (ROOT / "src" / "drivers").iterdir() if path.is_dir())
    shared = flags(ask(binary, "help", "create"))
    for name in drivers:
        page = DOCS / "drivers" / f"{name}.md"
        if not page.exists():
            yield f"docs/drivers/{name}.md is missing"
            continue
        own = flags(ask(binary, "create", "-d", name, "--help"))
        yield from missing_flags(page, {names: told for names, told in own.items() if names not in shared})
    yield from unknown_pages("drivers", drivers)


def links_of(page):
    """The files that a page refers to, without links to elsewhere."""
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            yield target, (page.parent / target).resolve()


def link_problems():
    linked = {path for _, path in links_of(INDEX)}
    for page in sorted(DOCS.rglob("*.md")):
        if page != INDEX and page.resolve() not in linked:
            yield f"{page.relative_to(ROOT)}: docs/README.md does not link it"
        for target, path in links_of(page):
            if not path.exists():
                yield f"{page.relative_to(ROOT)}: {target} leads nowhere"


def problems(binary):
    yield from missing_flags(INDEX, flags(ask(binary, "help")), with_defaults=False)
    yield from command_problems(binary)
    yield from driver_problems(binary)
    yield from link_problems()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: check_docs.py PATH_OF_BINARY")
    found = list(problems(os.path.abspath(sys.argv[1])))
    print("\n".join(found) if found else "docs: every command, driver and flag has its place")
    sys.exit(1 if found else 0)
