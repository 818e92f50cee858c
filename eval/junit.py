"""JUnit XML, as CI systems read it: of a run a test case a question, of a gate a test case a rule.

The format is that of Ant's and Jenkins' reports: `testsuites/testsuite/properties`, `testcase` with `skipped`, `failure`
and `system-out`, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rag.messages import tr

from .runs import Row, Run

if TYPE_CHECKING:
    from .gate import Gate

# Characters that no XML 1.0 document may hold, not even escaped (section 2.2)
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = 120  # characters of a test case's name


def to_junit(run: Run) -> str:
    """A test suite a kind; a question fails where it is not right, or a quote of it is not the source's text."""
    root = Element("testsuites")
    kinds: dict[str, list[Row]] = {}
    for row in run.rows:
        kinds.setdefault(row.kind, []).append(row)
    shared = dict(_properties(run.meta)) | dict(_properties({"overall": run.metrics.get("overall", {})}))
    for kind, rows in kinds.items():
        suite = _suite(root, kind, len(rows), sum(map(_failed, rows)), sum(row.ms for row in rows) / 1000)
        suite.set("timestamp", _plain(str(run.meta.get("started", ""))[:19]))
        own = _properties(run.metrics.get("by_kind", {}).get(kind, {}), "kind.")
        _add_properties(suite, shared | dict(own))
        for row in rows:
            case = _case(suite, f"zhiyin.{kind}", f"{row.id} {row.question}", row.ms / 1000)
            if _failed(row):
                why = row.reason if not row.right else "; ".join(row.violations)
                kind_of = (row.stage or "wrong") if not row.right else "violation"
                _failure(case, f"{kind_of}: {why}" if why else kind_of, kind_of, _told(row))
    return _text(root, "zhiyin eval")


def gate_junit(gate: Gate) -> str:
    """A test case a rule: failed where it is broken, skipped where it was not checked."""
    root = Element("testsuites")
    suite = _suite(root, "zhiyin eval gate", len(gate.results), len(gate.broken), 0.0)
    skipped = [r for r in gate.results if r.status == "skipped"]
    suite.set("skipped", str(len(skipped)))
    _add_properties(suite, {"run": gate.run, "baseline": gate.baseline or ""})
    for result in gate.results:
        case = _case(suite, "zhiyin.gate", result.name, 0.0)
        if result in skipped:
            SubElement(case, "skipped").text = _plain(result.said)
        elif result.status == "broken":
            _failure(case, f"{result.name}: {result.said}", "gate", result.said)
        else:
            SubElement(case, "system-out").text = _plain(result.said)
    lines = [*gate.notes, *(f"{c.name}: {c.before} \u2192 {c.after}" for c in gate.changed)]
    if lines:
        SubElement(suite, "system-out").text = _plain("\n".join(lines))
    return _text(root, "zhiyin eval gate")


def _failed(row: Row) -> bool:
    return not row.right or bool(row.violations)


def _told(row: Row) -> str:
    expected = tr("拒答", "a refusal") if row.refuse else " | ".join(" + ".join(a) for a in row.expected)
    lines = [
        (tr("问", "question"), row.question),
        (tr("应答", "expected"), expected),
        (tr("实答", "given"), str(row.answer.get("answer", ""))),
        *((tr("依据", "evidence"), f"{source}: {text}") for source, text in row.evidence),
        *(
            (tr("引文", "cited"), f"{c.get('source')}: {c.get('quote')}")
            for c in row.answer.get("citations", ())
        ),
        *((tr("引文不符", "violation"), violation) for violation in row.violations),
    ]
    return "\n".join(f"{name}: {text}" for name, text in lines)


def _suite(root: Element, name: str, tests: int, failures: int, seconds: float) -> Element:
    counts = {"tests": str(tests), "failures": str(failures), "errors": "0", "skipped": "0"}
    return SubElement(root, "testsuite", {"name": _plain(name), **counts, "time": f"{seconds:.3f}"})


def _case(suite: Element, group: str, name: str, seconds: float) -> Element:
    short = " ".join(_plain(name).split())
    short = short if len(short) <= _NAME else short[: _NAME - 1] + "…"
    return SubElement(
        suite, "testcase", {"classname": _plain(group), "name": short, "time": f"{seconds:.3f}"}
    )


def _failure(case: Element, message: str, kind: str, text: str) -> None:
    SubElement(case, "failure", {"message": _plain(message), "type": _plain(kind)}).text = _plain(text)


def _properties(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _properties(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", f"{value:.6g}" if isinstance(value, float) else str(value)


def _add_properties(suite: Element, values: Mapping[str, str]) -> None:
    if not values:  # an empty list is not allowed
        return
    properties = SubElement(suite, "properties")
    for name, value in values.items():
        SubElement(properties, "property", {"name": _plain(name), "value": _plain(value)})


def _plain(text: str) -> str:
    """`text` with what XML cannot hold written as Python would write it."""
    return _FORBIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


def _text(root: Element, name: str) -> str:
    suites = list(root)
    root.attrib.update(
        name=name,
        tests=str(sum(int(s.attrib["tests"]) for s in suites)),
        failures=str(sum(int(s.attrib["failures"]) for s in suites)),
        errors="0",
        time=f"{sum(float(s.attrib['time']) for s in suites):.3f}",
    )
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"
