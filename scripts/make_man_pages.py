#!/usr/bin/env python3
"""Makes manual pages out of docs/: docker-machine(1) and one for each command, packed with gzip.

Usage: make_man_pages.py --lowdown PROGRAM --version VERSION DOCS FOLDER
"""
import argparse
import gzip
import pathlib
import re
import shutil
import subprocess


def page(text, name):
    """A page of docs/ in the shape of a manual page: NAME, SYNOPSIS, and the rest below a title each."""
    _, lead, rest = re.split(r"^# .*\n\n|(?<=\n)\n", text, maxsplit=2, flags=re.MULTILINE)
    summary = re.split(r"(?<=[.:]) ", " ".join(lead.split()))[0].rstrip(".:")
    summary = re.sub(rf"^`?{name}`? ", "", summary)
    text = f"# NAME\n\n{name} - {summary[0].lower()}{summary[1:]}\n\n# DESCRIPTION\n\n{lead}\n{rest}"
    # Titles are one level up, and those of the first level in capitals; links are words.
    text = re.sub(r"^## (.*)", lambda title: "# " + title[1].upper().replace("`", ""), text, flags=re.MULTILINE)
    text = re.sub(r"^### ", "## ", text, flags=re.MULTILINE)
    text = re.sub(r"(?:^\|.*\n)+", lambda table: list_of(table[0]), text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]\[]+)\]\([^)]*\)", r"\1", text)


def list_of(table):
    """A table as a list of its rows: the first cell, and what the others say of it. A terminal is too narrow for more."""
    rows = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
    titles, items = rows[0], []
    for first, *middle, last in rows[2:]:
        told = [f"{title}: {cell}" for title, cell in zip(titles[1:-1], middle) if cell]
        items.append(f"{first}\n: {'; '.join([last, *told])}\n")
    return "\n".join(items)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lowdown", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("docs", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    wanted = parser.parse_args()
    shutil.rmtree(wanted.folder, ignore_errors=True)
    wanted.folder.mkdir(parents=True)
    commands = {f"docker-machine-{path.stem}": path for path in (wanted.docs / "commands").glob("*.md")}
    for name, path in {"docker-machine": wanted.docs / "README.md", **commands}.items():
        others = [other for other in sorted({"docker-machine", *commands}) if other != name]
        text = page(path.read_text(), name) + "\n# SEE ALSO\n\n" + ", ".join(f"**{other}**(1)" for other in others) + "\n"
        roff = subprocess.run([wanted.lowdown, "-s", "-Tman", "-M", f"title={name}", "-M", "section=1", "-M",
                               f"source=docker-machine {wanted.version}", "-M", "volume=Docker Machine", "-M", "date="],
                              input=text, capture_output=True, text=True, check=True).stdout
        # Paths and options are long words: stretched lines would have holes.
        roff = re.sub(r"^(\.TH .*)$", r"\1\n.ad l\n.nh", roff, count=1, flags=re.MULTILINE)
        (wanted.folder / f"{name}.1.gz").write_bytes(gzip.compress(roff.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
