"""What may stand on a page: no secret by its form or by the environment, no character that can't be seen."""

from __future__ import annotations

import pytest

from rollout.model.board.clean import HIDDEN, clean, secrets
from rollout.model.board.links import Forge

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize("secret", ["AKIAABCDEFGHIJKLMNOP", "ghp_" + "a" * 36, "github_pat_" + "b" * 22, "glpat-" + "c" * 20,
                                    "xoxb-1234567890-abc", "sbp_" + "d" * 40, "pul-" + "0" * 40, JWT,
                                    "-----BEGIN RSA PRIVATE KEY----- MIIE"])  # fmt: skip
def test_secrets_by_their_form(secret: str) -> None:
    assert clean(f"a {secret}") == f"a {HIDDEN}"


def test_passwords_of_addresses_and_of_the_environment() -> None:
    assert clean("postgres://rollout:hunter22@db.example/x failed") == "postgres://db.example/x failed"
    known = secrets([("SUPABASE_DB_URL", "postgres://a:b@c/d"), ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"), ("AWS_REGION", "eu-west-1"),
                     ("MY_TOKEN", "short"), ("PGPASSWORD", "correct horse")])  # fmt: skip
    assert known == ("postgres://a:b@c/d", "correct horse", "wJalrXUtnFEMI")
    assert clean("said wJalrXUtnFEMI, correct horse", known) == f"said {HIDDEN}, {HIDDEN}"


@pytest.mark.parametrize("bad", ["\x1b", "\x00", "\u202e", "\u200b", "\u2028", "\r\n", "\x9b", "\ufeff"])
def test_what_can_t_be_seen(bad: str) -> None:
    assert clean(f"a{bad}b") == "a b"


def test_words_stay() -> None:
    text = "INC-7: p95 1,900 ms, slow query; by Ana K., https://example.com/a?b=c#d (Müller, 東京)"
    assert clean(text) == text


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b"), ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("ssh://git@git.example.com:2222/a/b.git", "https://git.example.com/a/b"),
        ("https://user:ghp_secret@github.com/a/b", "https://github.com/a/b"), ("http://127.0.0.1:3000/a/b/", "http://127.0.0.1:3000/a/b"),
        ("git@gitlab.com:group/sub/b.git", "https://gitlab.com/group/sub/b"),
        ("/srv/git/b.git", None), ("../b", None), ("javascript:alert(1)", None), ("", None), ("file:///srv/b.git", None), ("C:/b", None),
    ],
)  # fmt: skip
def test_a_remote_s_page(remote: str, url: str | None) -> None:
    found = Forge.of(remote)
    assert (found.url if found else None) == url


def test_pages_of_a_forge() -> None:
    hub, lab = Forge("https://github.com/a/b"), Forge("https://gitlab.example/a/b")
    assert hub.commit("abc") == "https://github.com/a/b/commit/abc"
    assert hub.pull_request(7) == "https://github.com/a/b/pull/7"
    assert hub.file("records/x y.yaml") == "https://github.com/a/b/blob/HEAD/records/x%20y.yaml"
    assert lab.commit("abc") == "https://gitlab.example/a/b/-/commit/abc"
    assert lab.pull_request(7) == "https://gitlab.example/a/b/-/merge_requests/7"
