"""The command lines of docs/production.md and docs/supabase.md, and of the runbook about a database, typed as they stand there.

As in tests/engine/test_typed_runbooks.py. State in S3 and a key of KMS for the one; for the others a real PostgreSQL server.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rollout.provider.stores import migrations
from rollout.simulator import database
from rollout.simulator.database import DATABASE, SUPERUSER
from tests import burning, days, postgres, typed
from tests.burning import Burning
from tests.harness import Sandbox
from tests.typed import Page


def until_looked(shell: Sandbox, line: str) -> None:
    """Types a watch, and ends it once it has looked."""
    running = shell.start(*line.split())
    assert running.stdout is not None
    first = running.stdout.readline()
    os.kill(running.pid, signal.SIGTERM)
    rest = running.communicate(timeout=60)[0]
    assert running.returncode == 0, first + rest
    assert "no more looks" in rest, first + rest


def test_production(tmp_path: Path) -> None:
    made = typed.Production(tmp_path / "project", stack=False)
    try:
        made.key()
        made.boto("s3").create_bucket(
            Bucket="wa-rollout-state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        shell, page = typed.shell(made), Page("docs/production.md")
        for key in ("PULUMI_BACKEND_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
            del shell.env[key]
        login = "pulumi login 's3://wa-rollout-state?region=eu-west-1'"
        init = "pulumi stack init prod --secrets-provider 'awskms://alias/wa-rollout?region=eu-west-1'"
        region = page.take("export AWS_REGION=eu-west-1", {})
        page.type(login, shell, before=region)
        page.type(init, shell, before=region)
        shell.env["AWS_REGION"] = region.rpartition("=")[2]
        assert "to create" in page.type("pulumi preview --diff && pulumi up", shell)
        assert days.live(made) == days.wanted(days.percents(0))
        keys = [one["Key"] for one in made.boto("s3").list_objects_v2(Bucket="wa-rollout-state")["Contents"]]
        assert ".pulumi/stacks/wa-rollout/prod.json" in keys
        assert "unchanged" in page.type("PULUMI_SKIP_CHECKPOINTS=true PULUMI_EXPERIMENTAL=true pulumi up", shell)
        assert "2026-12-01" in page.type("make plan", shell)
        line = "pulumi config get --path 'wa-rollout:flags.jobs.percent'"
        assert Page("docs/config.md").type(line, shell) == "0\n"
        until_looked(shell, page.take("python -m rollout watch --every 60", {}))
        page.done()
    finally:
        left = made.close()
    assert not left


@pytest.fixture
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    """The stack `prod` in a database, at burning.START."""
    made = Burning(postgres.entered(tmp_path_factory.mktemp("pages")), store="postgres", kind=typed.Production)
    typed.shell(made.sandbox)
    yield made
    assert not made.sandbox.close()


def sql(shell: Sandbox, role: str = SUPERUSER, name: str = DATABASE) -> Sandbox:
    """The shell, with the database's own `psql` and where it goes: a SQL editor."""
    assert shell.database is not None
    path = f"{database.binaries()}{os.pathsep}{shell.env['PATH']}"
    own = {"PATH": path, "PGHOST": "127.0.0.1", "PGPORT": str(shell.database.port), "PGUSER": role, "PGDATABASE": name,
           "PGPASSWORD": shell.database.password}  # fmt: skip
    shell.env |= own
    return shell


def asked(page: Page, line: str, shell: Sandbox, fill: Mapping[str, str] | None = None) -> str:
    """A line that is typed into a SQL editor."""
    text = page.take(line, fill or {})
    done = shell.run("psql", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--command", text, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_a_database_that_was_set_back(prod: Burning) -> None:
    shell, page = prod.sandbox, Page("docs/runbooks/set-back.md")
    shell.by_hand("create table public.yesterday as select * from rollout.flags")
    shell.rollout("rollback", "jobs", "--to", "zero", "--wait", "0")
    shell.rollout("rollback", "ai-agents", "--to", "25", "--wait", "0")
    shell.by_hand(
        "with old as (select set_config('session_replication_role', 'replica', false)), gone as (delete from rollout.flags "
        "where name like 'wa-%%' returning 1) select count(*) from gone, old"
    )
    shell.by_hand(
        "with old as (select set_config('session_replication_role', 'replica', false)) insert into rollout.flags "
        "select yesterday.* from public.yesterday, old where yesterday.name like 'wa-%%'"
    )
    assert burning.lives(shell) == {name: str(percent) for name, percent in burning.START.items()}, (
        "the stops are undone"
    )
    assert "the database was set back: live 25 %" in shell.preview(check=False).stderr

    line = "python -m rollout rollback DOMAIN --to zero --stack prod"
    assert page.type(line, shell, fill={"DOMAIN": "jobs", "prod": "prod --wait 0"}).startswith("live 0 %, ")
    page.type("pulumi up", shell)
    burning.recorded(shell, "jobs", 0)
    burning.recorded(shell, "ai-agents", 25)
    assert "JOBS_ROLLOUT_PERCENT" in asked(page, "select * from rollout.history order by id desc limit 20", sql(shell))
    assert "STOP" in page.type("python -m rollout log --stack prod", shell)
    page.done()


def test_supabase(prod: Burning, tmp_path: Path) -> None:
    shell, page = prod.sandbox, Page("docs/supabase.md")
    server = shell.database
    assert server is not None
    project = postgres.supabase(server, old_defaults=False)
    editor = sql(shell, "project", project)
    for file in sorted(Path(migrations.__file__).parent.glob("*.sql")):
        page.type("psql -1 -v ON_ERROR_STOP=1 -f", editor, fill={"-f": f"-f '{file}'"})
    asked(page, "update rollout.meta set stacks = '{prod,drill}'", editor)
    asked(page, "alter role rollout_deployer login password '...'", editor, {"...": "secret-of-the-deployer"})
    url = server.url(database=project).replace(server.password, "secret-of-the-deployer")
    try:
        export = page.take("export ROLLOUT_DATABASE_URL=...", {"...": f"'{url}'"})
        said = page.type("python -m rollout setup --check --stack prod", shell, 1, before=export)
        wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
        assert len(wrong) == 1, said
        assert "sslmode" in wrong[0], "a server on loopback has no certificate; everything else is right"

        name = "wa-webhook-unified/prod/JOBS_ROLLOUT_PERCENT"
        insert = "insert into rollout.flags (name, value, version, written) values ('wa-webhook-unified/prod/JOBS_ROLLOUT_PERCENT', '25', 0, now())"
        editor.run("psql", "--command", insert)
        asked(page, "select rollout.lower('wa-webhook-unified/prod/JOBS_ROLLOUT_PERCENT', '0');", editor)
        assert (
            editor.run("psql", "-tAc", "select value from rollout.flags where name like '%JOBS%'").stdout.strip() == "0"
        )
        editor.run("psql", "--command", "update rollout.flags set value = '25' where name like '%JOBS%'")
        asked(page, "update rollout.flags set value = '0' where name = '...'", editor, {"...": name})
        tags = editor.run("psql", "-tAc", "select tags from rollout.flags where name like '%JOBS%'").stdout
        assert "stopped" in tags, "a trigger leaves its mark"
        silent = "(select now() - at from rollout.heartbeats where stack = 'prod') > interval '10 minutes'"
        editor.run("psql", "--set", "ON_ERROR_STOP=1", "-c", f"select {page.take(silent, {})}")
        page.done()
    finally:
        with server.connect() as admin:  # the server's other databases know its roles by the old one
            admin.execute(f"alter role rollout_deployer password '{server.password}'")
