"""`hotline settings`: every setting with its value, source and meaning; or the file to start from.

Not here: reading and checking (gateway.settings, gateway.app.settings).
"""

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import click
import msgspec

from gateway.app.settings import Settings, load_settings
from gateway.settings import doc_of

CONFIG_OPTION = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=None,
    help="Settings file; without it the defaults and HOTLINE__SECTION__KEY variables hold.",
)


@click.command()
@CONFIG_OPTION
@click.option("--template", is_flag=True, help="Print a settings file with every default.")
@click.argument("name", required=False)
def settings(config: Path | None, template: bool, name: str | None) -> None:
    """Show every setting, or those whose path begins with NAME (journal, journal.folder)."""
    if template:
        click.echo("\n".join(template_lines()))
        return
    rows = [
        row
        for row in load_settings(config, os.environ).explain()
        if name is None or row.path == name or row.path.startswith(f"{name}.")
    ]
    if not rows:
        raise click.UsageError(f"NAME must be a section or setting, was {name!r}")
    for row in rows:
        click.echo(f"{row.path} = {_toml(row.value)}  ({row.source})")
        click.echo(textwrap.fill(row.doc, 98, initial_indent="    ", subsequent_indent="    "))


def template_lines() -> Iterator[str]:
    """Yield config/hotline.toml: every section and setting, commented, with its default."""
    yield "# Every setting with its default. Uncomment what you change."
    yield "# Environment variables win: HOTLINE__JOURNAL__SEGMENT_MIB=128."
    for section in msgspec.structs.fields(Settings):
        yield ""
        yield f"[{section.encode_name}]"
        fields = msgspec.structs.fields(section.type)
        for field in fields:
            yield from _setting(field)
        for field in fields:
            row = _row_of(field.type)
            if row is not None:
                yield ""
                yield f"#[[{section.encode_name}.{field.encode_name}]]"
                for part in msgspec.structs.fields(row):
                    yield from _setting(part)


def _setting(field: msgspec.structs.FieldInfo) -> Iterator[str]:
    """Yield the description and the default of one setting, both as comments."""
    needed = " Needed." if field.required else ""
    text = doc_of(field) + needed
    yield from textwrap.wrap(text, 98, initial_indent="# ", subsequent_indent="# ")
    yield f"#{field.encode_name} = " + ('""' if field.required else _toml(_default(field)))


def _row_of(kind: Any) -> type[msgspec.Struct] | None:
    """Return the Struct of a list of tables, None for any other setting."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    rows = get_args(kind) if get_origin(kind) is tuple else ()
    is_table = rows and isinstance(rows[0], type) and issubclass(rows[0], msgspec.Struct)
    return rows[0] if is_table else None


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _toml(value: object) -> str:
    """Return a default as TOML: scalars, lists of them, inline tables for part of a section."""
    if isinstance(value, Path):
        return f'"{value}"'
    if isinstance(value, msgspec.Struct | dict):
        pairs = msgspec.to_builtins(value).items()
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in pairs) + " }"
    return msgspec.json.encode(value).decode()
