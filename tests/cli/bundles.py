"""What tests of bundles need: two computers as two homes, the state of a store, and bundles that no export would write."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

PASSPHRASE = "correct horse battery staple"


def tree(folder):
    """All files of a folder with their contents; locks and caches are no state."""
    folder = Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.relative_to(folder).parts[0] not in ("locks", "cache")}


def files_of(bundle):
    """{name: content} of a bundle that is not encrypted."""
    first, digest, tar = bundle.split(b"\n", 2)
    assert first == b"docker-machine bundle 1 plain" and digest.decode() == hashlib.sha256(tar).hexdigest()
    return files_of_tar(tar)


def files_of_tar(tar):
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}


def make_bundle(files, change_manifest=None, change_entry=None):
    """A bundle whose digests are right, out of {name: content}; what else is in it is up to the test."""
    manifest = json.loads(files["manifest.json"])
    manifest["Files"] = [{"Name": name, "Size": len(content), "Mode": 0o600, "Sha256": hashlib.sha256(content).hexdigest()}
                         for name, content in files.items() if name != "manifest.json"]
    if change_manifest:
        change_manifest(manifest)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if change_entry:
                change_entry(entry)
            archive.addfile(entry, io.BytesIO(content if entry.isreg() else b""))
    tar = packed.getvalue()
    return b"docker-machine bundle 1 plain\n" + hashlib.sha256(tar).hexdigest().encode() + b"\n" + tar
