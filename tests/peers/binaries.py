"""Foreign programs that tests run: found, or the test fails and says what to install."""

import shutil
import socket


def needed_binary(name: str, package: str) -> str:
    """Return the program's path; fails with the command that installs it."""
    path = shutil.which(name)
    assert path is not None, f"{name} is missing: run `apt-get install -y {package}`"
    return path


def free_udp_port() -> int:
    """Return a UDP port of the loopback that is free now, for TCP too, with the next two."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port % 2 == 0 and port < 65_000 and all(_is_free(port + n) for n in (0, 1, 2)):
            return port


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
