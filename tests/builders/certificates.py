"""Certificates for tests: an authority, and identities of 127.0.0.1 that it vouches for."""

from pathlib import Path
from typing import NamedTuple

import trustme


class Certificates(NamedTuple):
    """PEM files."""

    ca_file: str
    server_file: str  # with its key
    client_file: str  # with its key
    other_ca_file: str  # vouches for nobody here


def certificates(folder: Path) -> Certificates:
    """Write them into `folder`."""
    authority, other = trustme.CA(), trustme.CA()
    files = Certificates(*(str(folder / f"{name}.pem") for name in Certificates._fields))
    authority.cert_pem.write_to_path(files.ca_file)
    other.cert_pem.write_to_path(files.other_ca_file)
    for file, name in ((files.server_file, "127.0.0.1"), (files.client_file, "127.0.0.1")):
        authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(file)
    return files
