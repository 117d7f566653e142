"""The server's end of an engine's TLS, with a certificate of the store's own authority."""

import ssl
import subprocess
import tempfile
from pathlib import Path


def server_context(store, names):
    """A server that shows a new certificate for `names` ("IP:127.0.0.1") and lets in whom the store's authority vouches for."""
    certs = Path(store) / "certs"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        context.load_cert_chain(make_certificate(certs, names, Path(folder)))
    context.load_verify_locations(certs / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(store):
    """A client with the store's certificate, whatever name the server's certificate is for."""
    certs = Path(store) / "certs"
    context = ssl.create_default_context(cafile=certs / "ca.pem")
    context.check_hostname = False
    context.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    return context


def make_certificate(certs, names, folder):
    """Makes key and certificate in one file of the folder, and returns its path."""
    (folder / "names").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=engine",
            "-keyout", folder / "key.pem", "-out", folder / "request.pem")
    openssl("x509", "-req", "-in", folder / "request.pem", "-CA", certs / "ca.pem", "-CAkey", certs / "ca-key.pem",
            "-set_serial", "1", "-days", "2", "-extfile", folder / "names", "-out", folder / "cert.pem")
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both
