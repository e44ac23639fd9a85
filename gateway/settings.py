"""Settings: a TOML file, then environment variables, read strictly into one typed Struct.

The shape (`gateway.app.settings`) is a msgspec Struct of sections; each field carries its type,
default, limits and description. A typo, a wrong type and an impossible value are all reported at
once, each with path and remedy. Not here: what a setting means (each component's settings.py).
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar, get_args, get_origin

import msgspec

from risk.domain.errors import ConfigError

ENVIRONMENT_PREFIX: Final = "HOTLINE__"
FILE_BYTES_MAX: Final = 1 << 20
MASK: Final = "********"
_SECRET_WORDS: Final = ("password", "secret", "token")

S = TypeVar("S", bound=msgspec.Struct)


class ConfigProblems(ConfigError):
    """All that is wrong with a configuration, told at once."""

    code = "hotline.config"

    def __init__(self, problems: list[ConfigError]) -> None:
        super().__init__(problems[0].path, problems[0].problem)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(f"{problem.path}: {problem.problem}" for problem in self.problems)


class Explained(NamedTuple):
    """One setting as `hotline settings` shows it."""

    path: str
    value: object
    source: str
    doc: str


class Loaded(Generic[S]):
    """The settings and where each value came from."""

    def __init__(self, value: S, sources: Mapping[str, str]) -> None:
        self.value = value
        self._sources = sources

    def explain(self) -> Iterator[Explained]:
        """Yield every setting with its value (secrets masked), its source and its description."""
        for section in msgspec.structs.fields(self.value):
            part = getattr(self.value, section.encode_name)
            for field in msgspec.structs.fields(part):
                path = f"{section.encode_name}.{field.encode_name}"
                value = getattr(part, field.name)
                if _is_secret(field.name) and value:
                    value = MASK
                yield Explained(path, value, self._sources.get(path, "default"), doc_of(field))


def doc_of(field: msgspec.structs.FieldInfo) -> str:
    """Return the description in a field's `Annotated[..., msgspec.Meta(description=...)]`."""
    if get_origin(field.type) is Annotated:
        for meta in get_args(field.type)[1:]:
            if isinstance(meta, msgspec.Meta) and meta.description:
                return meta.description
    return ""


def load(shape: type[S], file: Path | None, environ: Mapping[str, str]) -> Loaded[S]:
    """Read `file` (may be None), overlay `HOTLINE__SECTION__KEY` variables and convert.

    Raises ConfigProblems with every problem found; ConfigError for an unreadable file.
    """
    sections = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    raw: dict[str, dict[str, object]] = {}
    sources: dict[str, str] = {}
    problems: list[ConfigError] = []
    if file is not None:
        for name, section in _read(file).items():
            if isinstance(section, dict):
                raw[name] = dict(section)
                sources.update({f"{name}.{key}": str(file) for key in section})
            else:
                problems.append(ConfigError(name, "must stand in a [section]"))
    for variable, text in environ.items():
        if variable.startswith(ENVIRONMENT_PREFIX):
            name, _, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
            is_text = name in sections and _is_text(sections[name].type, key)
            raw.setdefault(name, {})[key] = _scalar(text, is_text)
            sources[f"{name}.{key}"] = f"environment {variable}"
    for name in raw.keys() - sections.keys():
        problems.append(ConfigError(name, "is not a section" + _closest(name, sections)))
    built = {}
    for name, field in sections.items():
        built[name] = _section(name, field.type, raw.get(name, {}), problems)
    if problems:
        told = [
            ConfigError(each.path, f"{each.problem} ({sources[each.path]})")
            if each.path in sources
            else each
            for each in problems
        ]
        raise ConfigProblems(sorted(told, key=lambda problem: problem.path))
    return Loaded(shape(**built), sources)


def _read(file: Path) -> dict[str, Any]:
    try:
        size = file.stat().st_size
        if size > FILE_BYTES_MAX:
            raise ConfigError(str(file), f"may have {FILE_BYTES_MAX} bytes, was {size}")
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(str(file), f"cannot be read ({e.strerror}): check path and rights") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(str(file), f"is not TOML: {e}") from e


def _is_text(shape: Any, key: str) -> bool:
    """Return whether the setting takes a text: a password of digits is none the less one."""
    kinds = {field.encode_name: field.type for field in msgspec.structs.fields(shape)}
    kind = kinds.get(key)
    return (get_args(kind)[0] if get_origin(kind) is Annotated else kind) is str


def _scalar(text: str, is_text: bool) -> object:
    """Read an environment value as TOML would; anything else is text."""
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return text if is_text and not isinstance(value, str) else value


def _is_secret(key: str) -> bool:
    return any(word in key for word in _SECRET_WORDS)


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"a setting of type {kind} has no reader")


def _closest(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"


def _section(
    name: str, shape: Any, raw: dict[str, object], problems: list[ConfigError]
) -> msgspec.Struct | None:
    """Convert one section, field by field so that every problem is found."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    sound: dict[str, object] = {}
    count = len(problems)
    for key, value in raw.items():
        if key not in fields:
            problems.append(
                ConfigError(f"{name}.{key}", "is not a setting" + _closest(key, fields))
            )
            continue
        try:
            sound[key] = msgspec.convert(value, fields[key].type, dec_hook=_path)
        except msgspec.ValidationError as e:
            was = MASK if _is_secret(key) else repr(value)
            problems.append(ConfigError(f"{name}.{key}", f"{e}, was {was}"))
    for key, field in fields.items():
        if field.required and key not in raw:
            problems.append(ConfigError(f"{name}.{key}", f"is needed: {doc_of(field)}"))
    if len(problems) > count:
        return None
    try:
        return shape(**sound)  # type: ignore[no-any-return]  # a section is always a Struct
    except ValueError as e:  # a __post_init__ found an impossible combination
        problems.append(ConfigError(name, str(e)))
        return None
