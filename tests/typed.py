"""What a reader of a page would type: the command lines as they stand there, and a shell that they are typed in.

A line is typed whole. What the page leaves to its reader (a name in capitals, `...`, `<stack>`) is filled by the play, where
it types the line; nothing else of it is changed. Its remark goes. What a person answers in between, `SHELL` answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.harness import Sandbox
from tests.pure.docs.pages import ROOT, page

#: `yes` to what pulumi asks; the editor that git opens is closed; nobody waits five minutes for traffic to be back.
SHELL: Final = {"PULUMI_SKIP_CONFIRMATIONS": "true", "GIT_EDITOR": "true", "WAIT": "0"}

_TOOLS: Final = (
    "make|rollout|python -m rollout|pulumi|git|supabase|psql|export|curl|ps|systemctl|podman|select|update|alter"
)
#: One space after the tool's name: a line of output has more.
_COMMAND: Final = re.compile(rf"\(?(?:[A-Z_]+=\S+ )*(?:{_TOOLS}) (?=\S)")
_REMARK: Final = re.compile(r"\s+#.*$")
_PROMPTED: Final = re.compile(r"(?m)^\$ (.*)$")


def lines(name: str) -> tuple[list[str], list[str]]:
    """The command lines of a page's code blocks, in order, and those of its code spans, each once."""
    one = page(ROOT / name)
    blocks = one.code[: len(one.code) - len(one.spans)]
    typed = [line for text in blocks for line in _PROMPTED.findall(text) or text.splitlines()]
    return _commands(typed), _commands([span.replace("\n", " ") for span in one.spans])


def _commands(found: list[str]) -> list[str]:
    return list(dict.fromkeys(_REMARK.sub("", line.strip()) for line in found if _COMMAND.match(line.strip())))


#: What isn't typed by a play of its page, and why. A line of it that has left its page fails, and so does a line of a page
#: that is neither here nor typed.
NOT_TYPED: Final[Mapping[str, Mapping[str, str]]] = {
    "docs/supabase.md": {
        "make up STORE=postgres": "typed by tests/engine/test_play.py",
        "make status STACK=postgres": "typed by tests/engine/test_play.py",
        "make rehearse STORE=postgres": "21 days: minutes; tests/engine/test_rehearsal.py plays them",
        "make down": "typed by tests/engine/test_play.py",
        "rollout setup --check": "a name in a sentence: the line that names the stack is typed",
        "supabase db push": "needs Supabase's own project or Docker; the same files go in by the page's other line, psql",
        "supabase secrets set ONE=0": "what nobody should type: it tells what that CLI does",
        "supabase secrets unset": "the same",
        "pulumi login": "a name in a table: docs/production.md has the line",
    },
    "docs/runbooks/daily.md": {
        "rollout review": "a name in a sentence: the page's block has the line",
        "rollout drill jobs --stack prod": "the play of docs/runbooks/drill.md types it: it takes seconds",
    },
    "docs/runbooks/resume.md": {"rollout promote": "a name in a sentence: the same line with --domain is typed"},
    "docs/runbooks/deploy.md": {"make rollback": "a name in a sentence: the page's block has the line"},
    "docs/runbooks/failed-up.md": {"make rollback": "a name in a sentence: docs/runbooks/rollback.md has the lines"},
    "docs/runbooks/rollback.md": {
        "select rollout.lower('wa-webhook-unified/<stack>/<FLAG>', '0')": "of a stack in a database: docs/supabase.md has the same line",
    },
    "docs/runbooks/stuck-lock.md": {
        "pulumi cancel": "what `unlock` does where the state is in S3: tests/engine/test_s3_state.py"
    },
    "docs/runbooks/watch.md": {
        "pulumi up": "a name in a sentence: of a person's own run beside the watch, tests/engine/test_watch_beside.py",
        "systemctl stop": "no systemd here: the play sends its SIGTERM",
        "podman stop": "no containers here: the play sends its SIGTERM",
    },
}


class Page:
    """A page under a reader's hands. Raises `AssertionError` where a line isn't in it, or is typed out of its turn."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._blocks, self._spans = lines(name)
        self._left = [
            line for line in dict.fromkeys([*self._blocks, *self._spans]) if line not in NOT_TYPED.get(name, {})
        ]
        self._at = -1

    def type(
        self, line: str, shell: Sandbox, *codes: int, fill: Mapping[str, str] | None = None, before: str = "true"
    ) -> str:
        """Types `line`, and answers all that was printed. `codes`: what it may end with, 0 where none is given.
        `before`: a line of the page that sets the shell up for it.
        """
        done = shell.run("sh", "-c", f"{before}\n{self.take(line, fill or {})}", check=False, timeout=300)
        said = done.stdout + done.stderr
        assert done.returncode in (codes or (0,)), f"{self.name}: {line}: exit {done.returncode}\n{said}"
        assert "Traceback" not in said, f"{self.name}: {line}\n{said}"
        return said

    def take(self, line: str, fill: Mapping[str, str]) -> str:
        """`line` as it is typed: for what isn't typed in a shell, or ends by a signal."""
        assert line in self._blocks or line in self._spans, f"{self.name} has no line: {line}"
        if line in self._blocks:  # a sentence may name a line before its turn
            assert self._blocks.index(line) > self._at, f"{self.name}: out of its turn: {line}"
            self._at = self._blocks.index(line)
        self._left = [other for other in self._left if other != line]
        for gap, text in fill.items():
            assert gap in line, f"{self.name}: {line}: nothing to fill for {gap}"
            line = line.replace(gap, text)
        return line

    def done(self) -> None:
        """All of it was typed."""
        assert not self._left, f"{self.name}: neither typed nor in NOT_TYPED: {self._left}"


def shell(sandbox: Sandbox) -> Sandbox:
    """The sandbox, set up as a reader's shell: the stack is the selected one, or named in the line."""
    sandbox.env = {key: text for key, text in sandbox.env.items() if key != "PULUMI_STACK"} | SHELL
    return sandbox


class Production(Sandbox):
    """As production has it: the stack `prod`, its secrets under a key of KMS, and no setting that is the local stack's."""

    def __init__(self, folder: Path, *, git: bool = True, stack: bool = True, store: str = "secrets-manager") -> None:
        super().__init__(folder, git=git, stack=False, store=store)
        if stack:
            self.key()
            self.pulumi("stack", "init", self.name, *self.guarded)

    def named(self, store: str) -> str:  # noqa: ARG002 - the same for both
        return "prod"

    @property
    def guarded(self) -> tuple[str, ...]:
        """How the stack's secrets are guarded: without AWS by a passphrase."""
        return () if self.database else ("--secrets-provider", "awskms://alias/wa-rollout?region=eu-west-1")

    def prepare(self) -> None:
        super().prepare()
        played = (self.folder / "Pulumi.local.yaml").read_text()
        self.write_config(
            self.read_config() + played[played.index("  wa-rollout:checked:\n") :]
        )  # all is attested here too
        self.env["PULUMI_HOME"] = str(self.folder / ".local" / "home")
        for key in ("PULUMI_CONTINUE_ON_ERROR", *(() if self.database else ("PULUMI_CONFIG_PASSPHRASE",))):
            del self.env[key]

    def key(self) -> None:
        """The key that the pages name."""
        kms = self.boto("kms")
        kms.create_alias(AliasName="alias/wa-rollout", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
