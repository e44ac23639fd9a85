"""Development certificates: who signs whom, and what running again keeps."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.branch.certificates import make_certificates


def load(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def common_name(certificate: x509.Certificate) -> str:
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def test_a_branch_is_the_common_name_of_its_certificate(tmp_path: Path) -> None:
    make_certificates(tmp_path / "keys", ["10001"])
    keys = tmp_path / "keys"
    authority, branch = load(keys / "branch_ca.pem"), load(keys / "branch_10001.pem")
    assert common_name(branch) == "10001"
    branch.verify_directly_issued_by(authority)
    usage = branch.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_keys_are_the_owners_alone(tmp_path: Path) -> None:
    make_certificates(tmp_path / "keys", ["10001"])
    for key in (tmp_path / "keys").glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_running_again_keeps_what_is_there_and_adds_new_branches(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["10001"])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    make_certificates(tmp_path, ["10001", "20001"])
    after = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert before.items() <= after.items()
    assert set(after) - set(before) == {"branch_20001.key", "branch_20001.pem"}
    load(tmp_path / "branch_20001.pem").verify_directly_issued_by(load(tmp_path / "branch_ca.pem"))


@pytest.mark.parametrize("code", ["1000", "localhost", "../10", "1000a"])
def test_what_is_no_branch_code_is_refused(code: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="five digits"):
        make_certificates(tmp_path, [code])
