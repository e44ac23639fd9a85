"""Entry of `make bench`: `python -m tests.bench.run [ONLY=prefix]`, or ONLY in the environment."""

import os
import sys

from tests.bench.bench import run_all


def main(arguments: list[str]) -> int:
    """Run the benchmarks that the argument or the environment names, all when neither does."""
    named = arguments[0] if arguments else os.environ.get("ONLY", "")
    return run_all(named.removeprefix("ONLY="))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
