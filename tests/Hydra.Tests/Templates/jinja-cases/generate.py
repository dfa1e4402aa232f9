"""Writes cases.jsonl: templates, data, and what Jinja2 itself makes of them.

Run with Python 3.11 or later and jinja2 3.1:  python3 generate.py
The environment differs from Jinja2's defaults exactly where docs/templates.md says that Hydra does:
undefined names are errors, and lists, dicts, booleans and None become JSON wherever they become text.
"""

import json
import pathlib
import re

import jinja2
import jinja2.nodes
import jinja2.runtime
from jinja2 import StrictUndefined

DATA = {
    "name": "Ada", "n": 3, "zero": 0, "neg": -7, "pi": 3.14159, "big": 1e16, "tiny": 0.00001, "yes": True, "no": False,
    "nothing": None, "empty": "", "xs": [3, 1, 2], "words": ["pear", "Apple", "fig"], "nested": [[1, 2], [3, 4]],
    "user": {"name": "Grace", "age": 36, "tags": ["navy", "cobol"], "address": {"city": "NYC"}},
    "people": [{"name": "Bo", "age": 30, "ok": True}, {"name": "al", "age": 25, "ok": False}, {"name": "Cy", "age": 30, "ok": True}],
    "text": "The quick brown fox jumps over the lazy dog", "lines": "one\ntwo\n\nthree", "html": "<a href=\"x\">'&'</a>",
    "emoji": "a😀b", "uni": "Grüße, Żółw", "jsontext": "{\"a\": [1, 2.5, null]}", "d": {"b": 2, "a": 1, "C": 3}, "blank": "  pad  ",
    "numtext": "42", "items_in": {"items": 5}, "nodes": {"a-b": {"output": "ok"}}, "mixed": [1, "a", None, True, 2.5],
}


def text_of(value):
    if isinstance(value, StrictUndefined):
        str(value)
    if value is None or isinstance(value, (bool, list, tuple, dict, range)) or type(value).__name__ in ("dict_keys", "dict_values", "dict_items", "generator", "_GroupTuple"):
        return json.dumps(plain(value), ensure_ascii=False)
    return value


def plain(value):
    if isinstance(value, StrictUndefined):
        str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, (bool, int, float)):
        return value
    return [plain(item) for item in value]


jinja2.runtime.str_join = lambda parts: "".join(str(text_of(part)) for part in parts)
jinja2.runtime.markup_join = jinja2.runtime.str_join


def never_constant(*_):
    raise jinja2.nodes.Impossible()


jinja2.nodes.Concat.as_const = never_constant   # or the compiler joins constants itself, by str()

environment = jinja2.Environment(undefined=StrictUndefined, finalize=text_of)
own_join = environment.filters["join"]
environment.filters["string"] = lambda value: str(text_of(value))
environment.filters["tojson"] = lambda value, indent=None: json.dumps(plain(value), ensure_ascii=False, indent=indent)
environment.filters["fromjson"] = lambda value: json.loads(value) if isinstance(value, str) else value
environment.filters["join"] = lambda value, d="", attribute=None: str(d).join(
    str(text_of(environment.getitem(item, attribute) if attribute else item)) for item in value)


def case(template):
    line = {"template": template}
    try:
        compiled = environment.from_string(template)
    except jinja2.TemplateSyntaxError:
        return line | {"error": "syntax"}
    try:
        return line | {"expected": compiled.render(**DATA)}
    except jinja2.UndefinedError:
        return line | {"error": "undefined"}
    except Exception:
        return line | {"error": "runtime"}


here = pathlib.Path(__file__).parent


def split(line):
    """A plain row of expressions is one case each; the row as a whole would hide all but the first difference."""
    return [line] if "{%" in line or "{#" in line else re.split(r"(?<=\}\}) (?=\{\{)", line)


rows = [json.loads(line) if line.startswith('"') else line for line in (here / "templates.txt").read_text(encoding="utf-8").split("\n") if line and not line.startswith("##")]
templates = list(dict.fromkeys(template for row in rows for template in split(row)))
with open(here / "cases.jsonl", "w", encoding="utf-8") as out:
    out.write(json.dumps({"data": DATA}, ensure_ascii=False) + "\n")
    for template in templates:
        out.write(json.dumps(case(template), ensure_ascii=False) + "\n")
print(len(templates), "cases")
