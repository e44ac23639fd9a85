"""The document is whole, closed and the one that is kept; the page shows all of it."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from gateway.web.docs import rendered_page
from gateway.web.openapi import document, document_bytes
from gateway.web.problems import KINDS, TYPE_PREFIX
from gateway.web.routes import ROUTES
from gateway.web.schemas import OrdStatusWord
from risk.domain.enums import OrdStatus
from risk.domain.reasons import REASONS

KEPT = Path(__file__).parents[4] / "docs" / "reference" / "openapi.json"


def test_the_kept_document_is_up_to_date() -> None:
    assert KEPT.read_bytes() == document_bytes(), (
        "run: .venv/bin/python -m gateway.web.openapi > docs/reference/openapi.json"
    )


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if "$ref" in value else []
        return found + [ref for one in value.values() for ref in _references(one)]
    return [ref for one in value for ref in _references(one)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]
    for reference in _references(document()):
        assert reference.removeprefix("#/components/schemas/") in schemas


def test_every_shape_is_closed() -> None:
    for name, schema in document()["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name


def test_no_price_or_amount_is_a_number() -> None:
    for name, schema in document()["components"]["schemas"].items():
        for field, shape in schema["properties"].items():
            assert shape.get("type") != "number", (name, field)


def test_every_route_is_described_with_its_problems() -> None:
    paths = document()["paths"]
    for route in ROUTES:
        operation = paths[route.path.replace("{}", f"{{{route.arg[0]}}}")][route.method.lower()]
        assert operation["responses"]["429"]["content"].keys() == {"application/problem+json"}
        assert ("401" in operation["responses"]) == (
            route.access.value != "public" or route.call == "access.log_in"
        )
    orders = paths["/v1/orders"]["post"]
    assert "buying_power" in orders["responses"]["422"]["description"]
    assert [one["name"] for one in orders["parameters"]] == ["Idempotency-Key", "X-CSRF-Token"]


def test_the_words_of_an_orders_state_are_those_of_the_domain() -> None:
    assert set(get_args(OrdStatusWord)) == {status.name.lower() for status in OrdStatus}


def test_every_problem_type_leads_to_its_place_on_the_page() -> None:
    page = rendered_page()[0].decode()
    names = [kind.value for kind in KINDS] + [reason.name.lower() for reason in REASONS]
    for name in names:
        assert f'id="{TYPE_PREFIX.partition("#")[2]}{name}"' in page
    assert len(names) == len(set(names)), "a kind and a reason share a name"


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page, policy = rendered_page()
    text = page.decode()
    for route in ROUTES:
        assert route.path.partition("{")[0] in text
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert "<script" not in text
    assert b"unsafe-inline" not in policy


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_document_is_json_with_words_in_both_languages(language: str) -> None:
    for problem in json.loads(document_bytes())["x-problems"]:
        assert problem[language]
