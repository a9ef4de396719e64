"""The API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1).

All actions share one path and are told apart by a header. OpenAPI knows paths only, so each action
stands under `/#Action`: a fragment is never sent, and tools keep the operations apart.
"""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from tayori.edge.api.actions.registry import ROWS, Row
from tayori.edge.api.call import VERSION
from tayori.edge.api.reference.model import examples, fields_of, response_of, structures
from tayori.refusal.codes import Code

_REF = "#/components/schemas/{name}"
_FAILURE = {
    "type": "object",
    "description": "The answer when an action was refused; HTTP status 200 as well.",
    "required": ["Error", "RequestId"],
    "properties": {
        "Error": {
            "type": "object",
            "required": ["Code", "Message"],
            "properties": {
                "Code": {"type": "string", "enum": [code.value for code in Code]},
                "Message": {"type": "string"},
            },
        },
        "RequestId": {"type": "string", "format": "uuid"},
    },
}


def document() -> dict[str, Any]:
    """Return the whole document."""
    used = list(structures())
    schemas, components = msgspec.json.schema_components(used, ref_template=_REF)
    references = dict(zip(used, schemas, strict=True))
    for structure, schema in references.items():
        _describe(structure, components[schema["$ref"].rpartition("/")[2]])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tayori",
            "version": version("tayori"),
            "summary": "Send email: the SES API, version " + VERSION,
            "description": (
                "Every call is a POST to the path / with the action in X-TC-Action and a TC3 "
                "signature in Authorization; the page docs/api.md shows how to make it. Every "
                "answer has HTTP status 200 and either the fields of the action or Error."
            ),
        },
        "paths": {f"/#{row.name}": {"post": _operation(row, references)} for row in ROWS},
        "components": {
            "schemas": {**components, "Failure": _FAILURE},
            "parameters": _parameters(),
            "securitySchemes": {
                "TC3": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "TC3-HMAC-SHA256 over method, query, headers and body.",
                }
            },
        },
        "security": [{"TC3": []}],
    }


def _describe(structure: type[msgspec.Struct], schema: dict[str, Any]) -> None:
    for field in fields_of(structure):
        schema["properties"][field.name]["description"] = field.sentence


def _operation(row: Row, references: Mapping[type[msgspec.Struct], Any]) -> dict[str, Any]:
    shown = next(example for example in examples() if example.action == row.name)
    answer = {"allOf": [references[response_of(row)], _request_id()]}
    failure = {"$ref": _REF.format(name="Failure")}
    return {
        "operationId": row.name,
        "summary": (row.request.__doc__ or "").strip().splitlines()[0],
        "parameters": [
            {
                "name": "X-TC-Action",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "const": row.name},
            },
            *({"$ref": f"#/components/parameters/{name}"} for name in _parameters()),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": references[row.request], "example": shown.body}
            },
        },
        "responses": {
            "200": {
                "description": "Done, or refused.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["Response"],
                            "properties": {"Response": {"oneOf": [answer, failure]}},
                        },
                        "example": {"Response": shown.answer},
                    }
                },
            }
        },
    }


def _request_id() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["RequestId"],
        "properties": {"RequestId": {"type": "string", "format": "uuid"}},
    }


def _parameters() -> dict[str, Any]:
    return {
        "Version": _header("X-TC-Version", {"type": "string", "const": VERSION}),
        "Timestamp": _header("X-TC-Timestamp", {"type": "integer"}),
        "Region": _header("X-TC-Region", {"type": "string"}, required=False),
        "Language": _header(
            "X-TC-Language", {"type": "string", "enum": ["en-US", "zh-CN", "ja-JP"]}, required=False
        ),
    }


def _header(name: str, schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": schema}
