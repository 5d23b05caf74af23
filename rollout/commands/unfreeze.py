"""`unfreeze`: takes a freeze, or a domain's hold, out of a stack config. A diff, to be reviewed; no cloud."""

from __future__ import annotations

import click

from rollout.commands.freeze import report, rewrite
from rollout.commands.project import files, options, place
from rollout.model.stack_file import conditions, config, edit
from rollout.model.stack_file.forms import DATA_AUDIT


@click.command("unfreeze")
@click.option("--domain", metavar="D", help="This domain's hold; else the freeze of everything.")
@options.stack
@options.json()
def command(domain: str | None, stack: str | None, json_: bool) -> None:
    """Lift a freeze, or a domain's hold, by removing its entry. What it guarded is judged as ever: soak, gate, breaches.

    Exit code 0; 2: wrong use, nothing written.
    """
    chosen, known = files.need_stack(stack), files.read_catalogue()
    if domain is not None:
        place.domain(known, domain)
    path = files.stack_file(chosen)
    now = config.parse(files.read(path), files.name(path), known)
    what = f"lift the hold of {domain}" if domain else "lift the freeze"
    if (domain not in now.held) if domain else now.freeze is None:
        report(path, False, f"{domain} isn't held" if domain else "not frozen", chosen, json_)
        return
    path, changed, _ = rewrite(
        chosen, lambda text: edit.remove_entry(text, edit.HELD if domain else edit.FREEZE, domain)
    )
    report(path, changed, what, chosen, json_)
    for name in [] if domain else conditions.unaudited(now):
        click.echo(
            f"still:   nothing rises before the data of {name} are audited: wa-rollout:checked {name}: {DATA_AUDIT}",
            err=True,
        )
