"""Text rules of the house that no linter knows; each message names the remedy.

Not here: formatting and lint (ruff), floors (import-linter), types (mypy).
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
BLOB_BYTES_MAX = 600_000

BANNED = (  # pattern, where (a path prefix tuple), remedy
    (r"\btime\.time\(", ("risk/", "fix/", "notify/", "gateway/"), "take a now_ns() parameter"),
    (
        r"\brandom\.(random|randint|choice|uniform)\(",
        ("risk/", "fix/", "notify/", "gateway/"),
        "take a seeded random.Random",
    ),
    (r"\bfloat\(", ("risk/", "fix/"), "money is integers: risk.domain.fixedpoint"),
    (r"import quickfix as", ("",), "write `import quickfix`"),
    (
        r"from twisted\.internet import reactor",
        (
            "risk/",
            "fix/",
            "notify/",
            "gateway/core/",
            "gateway/journal/",
            "gateway/web/",
            "gateway/branch/",
            "gateway/ivr/",
        ),
        "take the reactor as a parameter",
    ),
    (r"\b(FIXME|XXX|TODO)\b", ("",), "do it, or write it down as an issue"),
    (r"mock\.patch|MagicMock", ("tests/",), "pass a fake"),
    (r"except:\s*$", ("",), "name the exception"),
)
# Names say what a thing is (design: naming rule 3).
BANNED_CLASS = re.compile(
    r"(Manager|Handler|Helper|Util|Utils|Engine|Processor|Common|Data|Info)$|^Base[A-Z]"
)
FIELD_TERMS = frozenset({"MarketData"})  # the trade's own words
GENERATED = ("gateway/store/migrations/versions/",)
# The places where a broad `except Exception` is right, each with a reason beside it in the code.
BROAD_EXCEPT = frozenset(
    {
        "fix/simulator/acceptor.py",
        "notify/dispatcher.py",
        "notify/transports/smpp/connection.py",
        "fix/application.py",
        "gateway/core/bus.py",
        "gateway/core/tasks.py",
        "gateway/sip/boundary.py",
        "gateway/web/problems.py",
    }
)


def tracked(*patterns: str) -> list[Path]:
    """Return the files git tracks (or would) that match the patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [Path(name) for name in listed if name and Path(name).is_file()]


def _is_vague(name: str) -> bool:
    return name not in FIELD_TERMS and BANNED_CLASS.search(name) is not None


def _is_too_broad(path: Path, node: ast.ExceptHandler) -> bool:
    named = node.type.id if isinstance(node.type, ast.Name) else ""
    allowed = str(path) in BROAD_EXCEPT or str(path).startswith("tests/")
    return named in ("Exception", "BaseException") and not allowed


def in_source(path: Path, text: str) -> Iterator[str]:
    """Yield the complaints about one Python file."""
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield f"{path}: {len(lines)} lines, at most {FILE_LINES_MAX}: split it by subject"
    for number, line in enumerate(lines, 1):
        for pattern, where, remedy in BANNED:
            if str(path).startswith(where) and re.search(pattern, line):
                yield f"{path}:{number}: {line.strip()[:60]!r}: {remedy}"
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > FUNCTION_LINES_MAX:
                yield f"{path}:{node.lineno}: {node.name}: {size} > {FUNCTION_LINES_MAX} lines"
        elif isinstance(node, ast.ClassDef) and _is_vague(node.name):
            yield f"{path}:{node.lineno}: class {node.name}: say what it is"
        elif isinstance(node, ast.ExceptHandler) and _is_too_broad(path, node):
            yield f"{path}:{node.lineno}: except Exception: name what can be raised"
    if not str(path).startswith("tests/") and ast.get_docstring(tree) is None:
        yield f"{path}:1: no module docstring: one sentence what, one what not"


def main() -> int:
    """Print every complaint; exit 1 when there is one."""
    complaints: list[str] = []
    for path in tracked("*.py"):
        if not str(path).startswith(GENERATED) and ".ci/" not in str(path):
            complaints += in_source(path, path.read_text(encoding="utf-8"))
    for path in tracked():
        size = path.stat().st_size
        if size > BLOB_BYTES_MAX:
            complaints.append(f"{path}: {size} bytes: large files do not belong in the repository")
    print("\n".join(complaints) or "tidy: nothing to say")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
