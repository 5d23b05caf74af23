"""Edits of stack files: the one value changes, and every other byte stays."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from rollout.model.ladder import LADDER
from rollout.model.problem import BadInput
from rollout.model.stack_file import edit
from rollout.model.stack_file.forms import Attempt, Breach, Why
from tests.pure import samples
from tests.pure.samples import CATALOGUE, FULL, ROOT, read_stack

PROD = samples.PROD.decode()
LOCAL = samples.without_places((ROOT / "Pulumi.local.yaml").read_bytes()).decode()
PLACES = (ROOT / "Pulumi.prod.yaml").read_text()
ODD = """\
# a header: with a colon
encryptionsalt: v1:abc
config:
    "wa-rollout:flags" :   # the flags

        'ai-agents':
            percent:    50      # half: of it
        jobs: {enabled: true, percent: 10}   # written in braces by hand
        property:
            # percent: 100
            percent: "0"
            enabled: 'false'   # é 😀
        marketplace:
            percent:    # nothing yet
            enabled: no
    other:key: |
        percent: 5
        jobs:

    wa-rollout:held:
        jobs: oops
"""
FILES = {"prod": PROD, "local": LOCAL, "full": FULL.decode(), "odd": ODD}
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "no final newline": str.rstrip,
    "crlf, no final newline": lambda text: text.replace("\n", "\r\n").rstrip(),
}
BREACH = Breach(2, datetime(2026, 12, 9, 2, 14, tzinfo=UTC), "errors", "31 of 1,800", 25, 10, "watch")


def texts(*names: str) -> pytest.MarkDecorator:
    """These files in every form."""
    params = [pytest.param(form(FILES[n]), id=f"{n}, {name}") for n in names for name, form in FORMS.items()]
    return pytest.mark.parametrize("text", params)


every_file = texts(*FILES)
every_file_without_entries = texts("prod", "local", "odd")


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and the lines that came, line ends included."""
    diff = list(difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)))
    return [line[2:] for line in diff if line.startswith("- ")], [line[2:] for line in diff if line.startswith("+ ")]


@every_file
@pytest.mark.parametrize("domain", list(CATALOGUE.domains))
def test_set_flag_changes_one_value_and_back(text: str, domain: str) -> None:
    for percent in LADDER:
        edited = edit.set_flag(text, domain, percent)
        assert edit.percent_of(edited, domain) == percent
        gone, came = changed(text, edited)
        assert len(gone) == len(came) <= 1
        for old, new in zip(gone, came, strict=True):
            assert new.endswith(old[len(old.rstrip("\r\n")) :])
            assert old.partition("#")[2] == new.partition("#")[2]
        was = edit.percent_of(text, domain)
        if was is not None:
            assert edit.set_flag(edited, domain, was) == text


@every_file
def test_set_flag_with_enabled(text: str) -> None:
    for domain in ("jobs", "marketplace", "property"):
        gone, came = changed(text, edit.set_flag(text, domain, 5, enabled=True))
        assert len(gone) == len(came) <= 2


def test_enabled_is_added_where_it_is_missing() -> None:
    text = PROD.replace("    jobs:\n      enabled: false\n", "    jobs:\n")
    edited = edit.set_flag(text, "jobs", 5, enabled=True)
    assert changed(text, edited)[1] == ["      enabled: true\n", "      percent: 5\n"]
    read_stack(edited.encode())


def test_a_percent_that_is_missing_is_added() -> None:
    text = PROD.replace("      enabled: false\n      percent: 0\n", "      enabled: false\n", 1)
    assert "      percent: 5\n      enabled: false\n" in edit.set_flag(text, "jobs", 5)


def test_it_works_beside_malformed_entries_of_others() -> None:
    for junk in ("    wa-rollout:held: [\n      1]\n", "  wa-rollout:breach: !x 7\n", "  a: &b 1\n  c: *b\n"):
        text = PROD.replace("config:\n", "config:\n" + junk.replace("    wa", "  wa"))
        assert changed(text, edit.set_flag(text, "jobs", 5))[1] == ["      percent: 5\n"]
    others = PROD.replace("    marketplace:\n      enabled: false\n      percent: 0\n", "    marketplace: 012\n")
    assert changed(others, edit.set_flag(others, "jobs", 5))[1] == ["      percent: 5\n"]


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize(
    "damage", ["    marketplace:\n      enabled: [oops\n", "    x: 'oops\n", "\t oops\n", "    a: b: c\n", "  oops\n"]
)
def test_where_the_file_is_no_yaml_its_lines_are_searched(damage: str, form: Callable[[str], str]) -> None:
    text = form(PROD.replace("    property:\n", damage + "    property:\n"))
    if damage == "  oops\n":
        text = text.replace("oops", "oops: [")
    edited = edit.set_flag(text, "ai-agents", 5)
    assert [line.strip() for line in changed(text, edited)[1]] == ["percent: 5"]
    assert edit.percent_of(edited, "ai-agents") == 5
    text = text.replace("percent: 0", "percent: 0  # why: so", 1)
    assert "percent: 5  # why: so" in edit.set_flag(text, "ai-agents", 5)


@pytest.mark.parametrize(
    "text",
    [
        "", "config:\n", "config: {}\n", "config: {'wa-rollout:flags': {jobs: {percent: 5}}}\n", "- a\n",
        "config:\n  wa-rollout:flags:\n    jobs: 5\n", "config:\n  wa-rollout:flags:\n    jobs:\n",
        PROD.replace("    jobs:\n", "    zobs:\n"), PROD + PROD, PROD.replace("wa-rollout:flags:", "flags: ["),
        PROD.replace("      percent: 0\n", "      percent: 0\n      percent: 5\n"),
        PROD.replace("    jobs:\n", "    jobs:\n      enabled: true\n      percent: 5\n    jobs:\n"),
        "config:\n  wa-rollout:flags:\n    jobs:\n      percent: 5\n    jobs:\n      percent: 5\n  x: [",
    ],
)  # fmt: skip
def test_where_the_place_isnt_clear_it_is_left_to_a_person(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        edit.set_flag(text.replace("config:\n  #", "config:\n"), "jobs", 5)
    assert "edit by hand" in str(caught.value)


@every_file_without_entries
def test_add_breach_adds_its_lines_and_nothing_else(text: str) -> None:
    edited = edit.add_breach(text, "jobs", BREACH)
    gone, came = changed(text, edited)
    ends = "\r\n" if "\r\n" in text else "\n"
    lost = [line for line in gone if line.endswith(ends)]
    assert lost == []  # only a last line without an end may seem to change, as it gets one
    assert edited.count(ends) == text.count(ends) + 9
    assert "\n" not in edited.replace("\r\n", "") or ends == "\n"
    assert edited.endswith(("\n", "\r\n")) == text.endswith(("\n", "\r\n"))
    assert "jobs:" in "".join(came)


def test_an_added_breach_is_read_as_it_was_given() -> None:
    for text in (PROD, LOCAL):
        config = read_stack(edit.add_breach(text, "jobs", BREACH).encode())
        assert config.breach == {"jobs": BREACH}
        assert config.warnings == ()
        assert read_stack(edit.add_breach(text, "jobs", BREACH).encode()).flags == read_stack(text.encode()).flags


@pytest.mark.parametrize(
    "seen", ["a: b # c", '"', "\\", "a\nb", "é 😀 \u2028 \x85 \x07", "'", "012", "", "null", "- a", "\ud800"]
)
def test_any_text_can_be_written(seen: str) -> None:
    breach = Breach(1, BREACH.at, "errors", seen, 5, 0, "#me: 'x'")
    found = read_stack(edit.add_breach(PROD, "property", breach).encode()).breach["property"]
    if seen:  # an empty one is malformed, and stays a breach
        written = seen.replace("\ud800", "?").strip()
        for unseen, out in (("\u2028", "\\u2028"), ("\x85", "\\u0085"), ("\x07", "\\u0007")):
            written = written.replace(unseen, out)
        assert (found.seen, found.by) == (written, "#me: 'x'")
    assert found.attempt == 1


def test_a_second_domain_is_put_behind_the_first() -> None:
    once = edit.add_breach(PROD, "jobs", BREACH)
    assert changed(once, edit.add_breach(once, "property", BREACH)) == (
        [],
        ["    property:\n", *(line for line in changed(PROD, once)[1] if line.startswith("      "))],
    )


def test_an_earlier_breach_is_overtaken_and_comments_stay() -> None:
    text = FULL.decode().replace("      by: watch\n", "      # who saw it\n      by: watch  # at night\n", 1)
    edited = edit.add_breach(text, "jobs", BREACH)
    assert read_stack(edited.encode()).breach == {"jobs": BREACH}
    assert "      # who saw it\n      by: watch  # at night\n" in edited
    gone, came = changed(text, edited)
    assert came == ["      attempt: 2\n"]
    assert [line.strip()[:8] for line in gone] == ["attempt:", "cleared:"]


def test_a_value_that_is_no_longer_known_goes_from_an_overtaken_breach() -> None:
    unknown = Breach(2, BREACH.at, "errors", "x", None, 0, "Ana")
    assert read_stack(edit.add_breach(FULL.decode(), "jobs", unknown).encode()).breach["jobs"] == unknown


@pytest.mark.parametrize(
    "there", ["", " {}", " ~", " {}  # none", "\n    jobs: oops  # why", "\n    jobs: [a]", "\n    jobs:",
              "\n    jobs: |\n      a\n      b", "\n    jobs:\n      attempt: x\n      zzz: 1", "\n    jobs: {attempt: 1}"],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_malformed_breach_is_overtaken(there: str, end: str) -> None:
    text = (PROD + f"  wa-rollout:breach:{there}\n  wa-rollout:drill2: x\n").replace("\n", end)
    edited = edit.add_breach(text, "jobs", BREACH)
    last = f"  wa-rollout:drill2: x{end}"
    assert edited.startswith(PROD.replace("\n", end))
    assert edited.endswith(last)
    assert read_stack(edited.removesuffix(last).encode()).breach == {"jobs": BREACH}
    for comment in ("# none", "# why"):
        assert (comment in edited) == (comment in text)


@pytest.mark.parametrize("there", [" oops", "\n    - a", " {jobs: {attempt: 1}}"])
def test_a_breach_map_that_would_be_lost_is_left_to_a_person(there: str) -> None:
    with pytest.raises(BadInput, match="edit by hand"):
        edit.add_breach(PROD + f"  wa-rollout:breach:{there}\n", "jobs", BREACH)


def test_a_new_entry_never_touches_a_flags_line() -> None:
    """Else the revert of that flag's own promotion would conflict with it."""
    lines = [line for line in PROD.splitlines(keepends=True) if not line.startswith("  # Waivers")]
    bare = "".join(lines)
    assert bare.endswith("      percent: 0\n")
    edited = edit.add_breach(bare, "jobs", BREACH)
    assert edited.endswith(bare[bare.index("  wa-rollout:flags:") :])
    commented = bare.replace("  wa-rollout:flags:", "  # the numbers\n  wa-rollout:flags:")
    assert "by: watch\n  # the numbers\n  wa-rollout:flags:" in edit.add_breach(commented, "jobs", BREACH)
    salted = bare + "encryptionsalt: v1:abc\n"
    assert edit.add_breach(salted, "jobs", BREACH) == edited + "encryptionsalt: v1:abc\n"


@every_file_without_entries
def test_a_freeze_comes_and_goes_without_a_trace(text: str) -> None:
    frozen = edit.add_freeze(text, Why("INC-7: duplicates", "Ana K."))
    again = edit.add_freeze(frozen, Why("other", "Ben"))
    assert changed(frozen, again)[1] != []
    assert edit.remove_entry(again, edit.FREEZE) == text


def test_entries_are_removed_one_by_one_and_the_last_with_its_map() -> None:
    both = edit.add_breach(edit.add_breach(PROD, "jobs", BREACH), "property", BREACH)
    assert edit.remove_entry(both, edit.BREACH, "property") == edit.add_breach(PROD, "jobs", BREACH)
    assert edit.remove_entry(edit.remove_entry(both, edit.BREACH, "jobs"), edit.BREACH, "property") == PROD
    for name in (None, "jobs"):
        with pytest.raises(BadInput, match="edit by hand"):
            edit.remove_entry(PROD, edit.BREACH, name)


def test_an_edit_that_would_change_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollout.model.yaml_text.lines.apply", lambda text, _: text.replace("hours:", "hoors:"))
    with pytest.raises(BadInput, match="edit by hand: the edit would change more than it should"):
        edit.set_flag(PROD, "jobs", 5)


@pytest.mark.parametrize(
    "text", ["", "config: [", PROD.replace("percent: 0", "percent: 012"), PROD.replace("percent: 0", "percent:")]
)
def test_percent_of_what_cant_be_read(text: str) -> None:
    assert edit.percent_of(text, "jobs") is None


@pytest.mark.parametrize("raw", [PROD, FULL.decode()], ids=["quiet", "full"])
def test_add_attempt_adds_its_entry_and_nothing_else(raw: str) -> None:
    attempt = Attempt(3, "fixed in unified 1.43, INC-8", "Ana K.")
    before, after = read_stack(raw.encode()), read_stack(edit.add_attempt(raw, "marketplace", attempt).encode())
    assert after.attempt == {**before.attempt, "marketplace": attempt}
    assert (after.flags, after.breach, after.waivers) == (before.flags, before.breach, before.waivers)
    again = edit.add_attempt(edit.add_attempt(raw, "marketplace", attempt), "marketplace", Attempt(4, "again", "Ben"))
    assert read_stack(again.encode()).attempt["marketplace"].number == 4


@pytest.mark.parametrize("text", [PROD, LOCAL, LOCAL.replace("\n", "\r\n")], ids=["prod", "local", "line ends"])
def test_a_single_value_is_set_and_nothing_else(text: str) -> None:
    edited = edit.set_value(text, edit.GATE, "off")
    assert len(_changed(text, edited)) == 1
    assert edit.set_value(edited, edit.GATE, "off") == edited
    gone = edit.remove_entry(text, edit.DRILL)
    assert 'wa-rollout:drill: "off"' in edit.set_value(gone, edit.DRILL, "off")
    with pytest.raises(BadInput, match="no single value"):
        edit.set_value(text, edit.FLAGS, "off")


def test_notes_and_waivers_are_added_and_overtaken() -> None:
    text = edit.add_note(LOCAL, "2026-12-03", 'said: "two # answers"')
    text = edit.add_note(text, "2026-12-04", "a second day")
    text = edit.add_note(text, "2026-12-03", "seen again")
    fields: dict[str, str | int] = {"domain": "jobs", "metric": "share", "to": 25, "accepts": "share", "worst": "4%", "why": "by hand, link",
              "by": "Ana K.", "until": "2026-12-14T00:00:00Z"}  # fmt: skip
    text = edit.add_waiver(text, "jobs-share-25", fields)
    found = read_stack(text.encode())
    assert dict(found.notes) == {"2026-12-03": "seen again", "2026-12-04": "a second day"}
    assert found.waivers["jobs-share-25"].to == 25
    assert edit.remove_entry(edit.remove_entry(text, edit.WAIVERS), edit.NOTES) == LOCAL


def _changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith("+ ")]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_entries_stand_under_their_own_lines_and_leave_them(form: Callable[[str], str]) -> None:
    text = form(PLACES)
    frozen = edit.add_freeze(text, Why("INC-7: duplicates", "Ana K."))
    entered = edit.add_held(
        edit.add_breach(edit.add_breach(frozen, "jobs", BREACH), "ai-agents", BREACH), "property", Why("a b", "c")
    )
    found = read_stack(entered.encode())
    assert list(found.breach) == ["ai-agents", "jobs"]
    assert found.warnings == ()
    assert [line for line in text.splitlines() if line not in entered.splitlines()] == []
    for name in ("jobs", "ai-agents"):
        entered = edit.remove_entry(entered, edit.BREACH, name)
    assert edit.remove_entry(edit.remove_entry(entered, edit.HELD, "property"), edit.FREEZE) == text


def test_a_domain_without_a_line_of_its_own_stands_with_the_others() -> None:
    text = PLACES.replace("    # breach: jobs\n", "")
    assert list(read_stack(edit.add_breach(text, "jobs", BREACH).encode()).breach) == ["jobs"]
    both = edit.add_breach(edit.add_breach(text, "ai-agents", BREACH), "jobs", BREACH)
    assert set(read_stack(both.encode()).breach) == {"jobs", "ai-agents"}
