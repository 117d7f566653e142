#!/usr/bin/env python3
"""Holds the include lines of src/ against the table of layers in ARCHITECTURE.md. Tests may use what they like."""
import pathlib
import re
import sys

ALL = {"*"}
LAYERS = {
    "base": set(),
    "model": {"base"},
    "shell": {"base"},
    "text_template": {"base", "model"},
    "cli": {"base", "model"},
    "http": {"base", "model"},
    "ssh": {"base", "model"},
    "keys": {"base"},
    "certs": {"base", "model", "keys"},
    "store": {"base", "model"},
    "bundle": {"base", "keys"},
    "docker": {"base", "model", "http"},
    "drivers": {"base", "model", "http", "ssh", "keys"},
    "provision": {"base", "model", "ssh"},
    "operations": {"base", "model", "http", "ssh", "keys", "certs", "store", "docker", "drivers", "provision", "bundle"},
    "commands": {"base", "model", "cli", "shell", "text_template", "ssh", "store", "docker", "drivers", "bundle", "operations"},
    "app": ALL,
    "main.cpp": ALL,
}
# A library of the outside world stays in the folders that hide it.
LIBRARIES = {
    "openssl/": {"keys", "certs"},
    "libssh/": {"ssh"},
    "curl/": {"http"},
    "archive": {"drivers", "bundle"},
    "pugixml": {"drivers"},
    "sodium": {"bundle"},
}


def problems(root):
    for path in sorted((root / "src").rglob("*.[ch]*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        part = path.relative_to(root / "src").parts[0]
        if part not in LAYERS:
            yield f"{path}: the folder {part} is not in the table of layers"
            continue
        is_test = path.stem.endswith("_test")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if ours := re.match(r'#include "([^/"]+)/', line):
                allowed = LAYERS[part]
                if not is_test and ours[1] != part and allowed is not ALL and ours[1] not in allowed:
                    yield f"{path}:{number}: {part} must not include {ours[1]}"
            elif theirs := re.match(r"#include <([^>]+)>", line):
                for library, homes in LIBRARIES.items():
                    if theirs[1].startswith(library) and part not in homes and not is_test:
                        yield f"{path}:{number}: {theirs[1]} belongs to {', '.join(sorted(homes))} only"


if __name__ == "__main__":
    found = list(problems(pathlib.Path(__file__).resolve().parent.parent))
    print("\n".join(found) if found else "layers: all includes are as the table says")
    sys.exit(1 if found else 0)
