"""What the OpenAPI page says of the routes: bodies, responses, examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any, cast

from fastapi import FastAPI

from rag.feedback import (
    MAX_ANSWER,
    MAX_CITATIONS,
    MAX_COMMENT,
    MAX_NAME,
    MAX_QUESTION,
    MAX_TURNS,
    REASONS,
    VERDICTS,
)

JSON = "application/json"
STREAM = "text/event-stream"
ERROR = {"$ref": "#/components/schemas/Error"}
ANSWER = {"$ref": "#/components/schemas/Answer"}
_SAID = {
    400: "The request can't be understood.",
    401: "Not signed in.",
    403: "Not allowed.",
    404: "There is no such thing.",
    408: "The request took too long to arrive.",
    409: "The document has changed since.",
    413: "The request is too large.",
    421: "Not a name of this service.",
    422: "The request can't be understood.",
    429: "Too many questions in a minute; `Retry-After` says when to try again.",
    500: "It failed; the log of the service says why.",
    503: "No index, or too many questions wait; `Retry-After` says when to try again.",
    504: "The answer took too long.",
}
_LATER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}

QUESTION: dict[str, Any] = {
    "question": "2022年辽宁新就业形态劳动者会员总数是多少?",
    "history": [["2022年湖北新就业形态劳动者会员总数是多少?", "现有资料中没有所问地区的答案。"]],
    "id": "q-1",
}
ANSWERED: dict[str, Any] = {
    "id": "q-1",
    "question": QUESTION["question"],
    "answer": "28万余人[1]。",
    "short": "28万余人",
    "refused": False,
    "reason": None,
    "statements": [{"text": "28万余人", "citations": [1]}],
    "citations": [
        {
            "n": 1,
            "source": "000_861f06d9b3184ccb.txt",
            "title": "为辽宁高质量发展凝聚职工力量——2022年全省工会工作综述",
            "quote": "截至目前,全省货车司机、网约车司机、快递员、外卖配送员等4类新就业形态劳动者会员总数已达28万余人。",
            "start": 6891,
            "end": 6941,
            "version": "sha256:544e633cecf5a9218dca2f851a3374b7bba491af057f7a1b457f3ab6b4add0c8",
            "marks": [[6935, 6940]],
            "page": None,
            "published": None,
            "publisher": None,
            "region": "辽宁",
            "period": "2022",
            "part": 0,
        }
    ],
    "passages": [],
    "confidence": 0.94,
    "generation": "000001",
    "timing_ms": {"retrieve": 3.1, "read": 22.0, "total": 26.4},
    "understood": {"years": [2022], "regions": ["辽宁"]},
    "written": None,
}
REFUSED: dict[str, Any] = ANSWERED | {
    "question": "明天沈阳下不下雨?",
    "answer": "现有资料中没有找到答案。",
    "short": None,
    "refused": True,
    "reason": "not_found",
    "statements": [],
    "citations": [],
}
HEALTHZ: dict[int | str, dict[str, Any]] = {200: {"content": {JSON: {"example": {"status": "ok"}}}}}
READYZ: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            JSON: {
                "schema": {"type": "object", "required": ["status"]},
                "example": {"status": "ready", "generation": "000001", "embedder": "bundled", "documents": 5},
            }
        }
    },
    503: {
        "description": "Nothing is indexed, or the index can't be used.",
        "content": {JSON: {"schema": {"type": "object", "required": ["status", "error"]}}},
    },
}


def errors(*codes: int, schema: dict[str, Any] = ERROR) -> dict[int | str, dict[str, Any]]:
    """Responses that say what went wrong."""
    return {
        code: {"description": _SAID[code], "content": {JSON: {"schema": schema}}}
        | ({"headers": _LATER} if code in (429, 503) else {})
        for code in codes
    }


def body(name: str, *examples: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A request body of the model `name`, which `describe` puts among the components."""
    shown = {title: {"value": value} for title, value in examples}
    content = {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}, "examples": shown}}
    return {"requestBody": {"required": True, "content": content}}


def stream(*names: str) -> dict[str, Any]:
    """A stream of events of these names (`itemSchema`, as of OpenAPI 3.2), each with JSON as its data."""
    data = {"type": "string", "contentMediaType": JSON}
    shape = {"type": "object", "required": ["data"], "properties": {"event": {"enum": list(names)}, "data": data}}
    return {"itemSchema": shape}


def ask() -> dict[str, Any]:
    """Of `POST /api/ask`."""
    last = f"event: answer\ndata: {json.dumps(ANSWERED, ensure_ascii=False)}\n\n"
    examples = {"answered": {"value": ANSWERED}, "refused": {"value": REFUSED}}
    good = {JSON: {"schema": ANSWER, "examples": examples}, STREAM: stream("citation", "statement", "answer", "error") | {"example": last}}
    return {
        "openapi_extra": body("Ask", ("alone", {"question": QUESTION["question"]}), ("in a conversation", QUESTION)),
        "responses": {
            200: {"description": "The answer, or a refusal.", "content": good},
            **errors(401, 403, 408, 413, 422, 429, 500, 503, 504),
        },
    }


def describe(app: FastAPI, *models: Any) -> None:
    """Put the schemas of answers, errors and `models` (pydantic) into the app's OpenAPI page."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            page = plain()
            page.setdefault("components", {}).setdefault("schemas", {}).update(_schemas(models))
            app.openapi_schema = page
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schemas(models: tuple[Any, ...]) -> dict[str, Any]:
    text = resources.files("rag").joinpath("answer.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = {"Answer": _referring(json.loads(text))}
    for model in models:
        found[model.__name__] = _referring(model.model_json_schema())
    for schema in list(found.values()):
        schema.pop("$schema", None)
        found |= schema.pop("$defs", {})
    found["Error"] = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}},
        "example": {"error": "question: String should have at least 1 character"},
    }
    return found


def _referring(schema: dict[str, Any]) -> dict[str, Any]:
    """References among definitions as references among the page's components."""
    return cast("dict[str, Any]", json.loads(json.dumps(schema).replace("#/$defs/", "#/components/schemas/")))


def feedback() -> dict[str, Any]:
    """Of `POST /api/feedback`, which `rag.feedback.parse` reads."""
    cited = {"type": "object", "required": ["source", "start", "end", "version"]}
    text: dict[str, Any] = {"type": ["string", "null"], "maxLength": MAX_ANSWER}
    answer = {
        "type": "object",
        "required": ["answer"],
        "properties": {
            "answer": {"type": "string", "maxLength": MAX_ANSWER},
            "short": text,
            "refused": {"type": "boolean"},
            "citations": {"type": "array", "maxItems": MAX_CITATIONS, "items": cited},
        },
    }
    turn = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}}
    row = {
        "type": "object",
        "required": ["question", "verdict", "answer"],
        "properties": {
            "id": {"type": ["string", "null"], "description": "Given back before, to change that verdict."},
            "question": {"type": "string", "minLength": 1, "maxLength": MAX_QUESTION},
            "history": {"type": ["array", "null"], "maxItems": MAX_TURNS, "items": turn},
            "verdict": {"enum": list(VERDICTS)},
            "reason": {"enum": [None, *REASONS], "description": "Only where the verdict is down."},
            "comment": text | {"maxLength": MAX_COMMENT},
            "generation": text | {"maxLength": MAX_NAME},
            "answer": answer,
        },
    }
    judged = {key: ANSWERED[key] for key in ("answer", "short", "refused")}
    example = {"question": QUESTION["question"], "verdict": "up", "answer": judged, "generation": "000001"}
    content = {JSON: {"schema": row, "examples": {"a thumb up": {"value": example}}}}
    return {
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
        "responses": errors(401, 403, 408, 413, 422, 503),
    }
