"""What YAML allows and none of this project's files may have: refused in each of them, in one readable line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from rollout.model.problem import BadInput
from rollout.model.yaml_text import scalars, tree
from rollout.model.yaml_text.tree import Map, Scalar, Seq
from tests.pure.samples import PROD, each_reader, refused

LAUGHS = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 123))

#: raw bytes, and what must be said of them
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "bom": (b"\xef\xbb\xbfconfig:\n", "byte order mark", ":1"),
    "utf-16": ("config:\n".encode("utf-16"), "byte order mark", ":1"),
    "not utf-8": (b"config:\n  a: \xff\xfe\n", "not UTF-8", ":2"),
    "10 MB": (b"config:\n" + b"  a: b\n" * 1_500_000, "too large", ""),
    "python tag": (b"a: !!python/object/apply:os.system [ls]\n", "a tag: !!python/object/apply:os.system", ":1"),
    "standard tag": (b"a: 1\nb: !!int 5\n", "a tag: !!int", ":2"),
    "local tag": (b"a: !anything x\n", "a tag: !anything", ":1"),
    "bare tag": (b"a: ! x\n", "a tag: !", ":1"),
    "unknown tag handle": (b"a: !x!y z\n", "a tag", ":1"),
    "anchor": (b"a: &x 1\n", "an anchor: &x", ":1"),
    "alias": (b"a: 1\nb: *a\n", "an alias: *a", ":2"),
    "merge key": (b"a:\n  <<: {b: 1}\n", "a merge key", ":2"),
    "billion laughs": (LAUGHS, "an anchor: &a", ":1"),
    "duplicate key": (b"a: 1\nb: 2\n'a': 3\n", "the key a stands twice", ":3"),
    "tab indent": (b"a:\n\tb: 1\n", "a tab", ":2"),
    "tab after colon": (b"a:\t1\n", "a tab", ":1"),
    "two documents": (b"a: 1\n---\nb: 2\n", "second document", ":2"),
    "directive": (b"%YAML 1.2\n---\na: 1\n", "%YAML", ":1"),
    "deep": (b"a: " + b"[" * 100_000, "too deep", ":1"),
    "deep maps": (b"".join(b" " * n + b"a:\n" for n in range(60)), "too deep", ":33"),
    "open quote": (b"a: 'x\n", "not YAML", ":2"),
    "open bracket": (b"a: [1, 2\n", "not YAML", ":2"),
    "two colons": (b"a: b: c\n", "mapping values are not allowed", ":1"),
    "at sign": (b"a: @x\n", "not YAML", ":1"),
    "control character": (b"a: b\nc: \x07\n", "a control character", ":2"),
    "nul": (b"a\x00: b\n", "a control character", ":1"),
    "a list as a key": (b"? [a]\n: b\n", "as a key", ":1"),
    "a list": (b"- a\n- b\n", "not a map", ":1"),
    "a word": (b"hello\n", "not a map", ":1"),
}


@each_reader
@pytest.mark.timeout(60)  # a bomb that is opened never ends
@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_refused_in_every_file(file: str, read: Callable[[bytes], object], good: bytes, case: str) -> None:
    raw, what, place = REFUSED[case]
    problem = refused(read, raw)[0]
    assert what in problem.what
    assert problem.where.startswith(file + place)
    assert "\n" not in problem.line()
    assert len(problem.line()) < 300


@each_reader
def test_the_good_file_is_read_with_crlf_and_without_a_final_newline(
    file: str, read: Callable[[bytes], object], good: bytes
) -> None:
    assert read(good.replace(b"\n", b"\r\n")) == read(good)
    assert read(good.rstrip()) == read(good)


def test_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "parse", lambda *_: pytest.fail("parsed"))
    with pytest.raises(BadInput, match=r"at most 1,048,576 bytes(.|\n)*1,048,577 bytes"):
        tree.read(b"x" * (tree.MAX_BYTES + 1), "f.yaml")


def test_the_byte_offset_of_invalid_utf8_is_named() -> None:
    with pytest.raises(BadInput, match="byte 0xff at offset 11"):
        tree.read(b"a: b\nc: d  \xff", "f.yaml")


def test_every_refusal_of_a_file_is_listed_up_to_a_limit() -> None:
    with pytest.raises(BadInput) as caught:
        tree.read(b"a: 1\na: 2\nb: !x 1\nc: &d 1\n", "f.yaml")
    assert [problem.what.split()[1] for problem in caught.value.problems] == ["key", "tag:", "anchor:"]
    with pytest.raises(BadInput) as caught:
        tree.read(b"a: 1\n" * 500, "f.yaml")
    assert len(caught.value.problems) == tree.MAX_PROBLEMS


def test_the_tree_knows_lines_places_and_styles() -> None:
    text = "a: 'é 😀'\r\nb: {c: [1, x]}  # d\r\ne:\r\n  f: |\r\n    g\r\n"
    root = tree.read(text.encode(), "f.yaml")
    a, b, e = (root.values[key] for key in "abe")
    assert isinstance(a, Scalar)
    assert (a.text, a.plain, a.line, text[a.start : a.end]) == ("é 😀", False, 1, "'é 😀'")
    assert isinstance(b, Map)
    assert (b.flow, b.line, text[b.start : b.end]) == (True, 2, "{c: [1, x]}")
    assert isinstance(b.values["c"], Seq)
    assert isinstance(e, Map)
    assert (e.flow, root.keys["e"].line, e.keys["f"].line) == (False, 3, 4)


def test_an_empty_file_is_an_empty_map() -> None:
    assert tree.read(b"# nothing\n", "f.yaml").values == {}


def test_pure_python_yaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = tree.read(PROD, "f")
    monkeypatch.setattr(tree, "_LOADER", yaml.SafeLoader)
    assert _said(tree.read(PROD, "f")) == _said(fast)


def _said(node: tree.Node) -> object:
    if isinstance(node, Scalar):
        return node
    return {key: _said(value) for key, value in node.values.items()} if isinstance(node, Map) else None


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0", "int", 0), ("50", "int", 50), ("-5", "int", -5), ("12.5", "float", 12.5), ("true", "bool", True),
        ("false", "bool", False), ("", "null", None), ("~", "null", None), ("null", "null", None),
        ("4%", "text", "4%"), ("NaN", "text", "NaN"), ("08:00-18:00 Africa/Kigali", "text", None), ("INC-7", "text", None),
        ("1.2.3", "text", None), ("rollback-zero", "text", None), ("1e999", "text", None),
    ],
)  # fmt: skip
def test_plain_scalars_with_a_type(text: str, kind: str, value: object) -> None:
    found = scalars.classify(text)
    assert (found[0], found[1]) == (kind, value if value is not None or kind == "null" else text)
    assert type(found[1]) is type(value if value is not None or kind == "null" else text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("012", "as 10"), ("0o12", "as 10"), ("0x1f", "as 31"), ("0b101", "as 5"), ("1e2", "as 100"), ("1E2", "as 100"),
        ("1_000", "as 1000"), ("+5", "as 5"), ("-0", "as 0"), ("5.", "as 5"), (".5", "as 0.5"), ("08", "as 8"),
        (".nan", "number that is none"), (".inf", "number that is none"), ("-.inf", "number that is none"),
        ("9" * 30, "a"), ("9" * 9000, "a number"), ("yes", "true or false"), ("No", "true or false"),
        ("on", "true or false"), ("off", "true or false"), ("True", "as true"), ("NULL", "as null"), ("1:30", "base 60"),
        ("2026-12-01", "quote it, or Pulumi rewrites it"), ("2026-12-09T02:14:00Z", "quote it, or Pulumi rewrites it"),
    ],
)  # fmt: skip
def test_odd_scalars_stay_what_was_written(text: str, reason: str) -> None:
    kind, value, why = scalars.classify(text)
    assert (kind, value) == ("odd", text)
    assert reason in why
