"""The stack: what `Pulumi.<stack>.yaml` says, for every domain of the catalogue. No rule stands here."""

from pathlib import Path

import pulumi

from components import stack_file
from components.domain_rollout import DomainRollout
from rollout import catalogue
from rollout.problem import BadInput

HOME = Path(__file__).resolve().parent


def main() -> None:
    """Registers one component a domain; input that is wrong in itself ends the run before anything is registered."""
    stack = pulumi.get_stack()
    try:
        known = catalogue.parse((HOME / "domains.yaml").read_bytes(), "domains.yaml")
        config = stack_file.load(HOME, stack, known)
    except (BadInput, OSError) as error:
        raise pulumi.RunError(str(error)) from None
    for text in config.warnings:
        pulumi.log.warn(text)
    for domain in known.domains.values():
        pulumi.export(domain.name, DomainRollout(domain, config, stack).outputs())
    pulumi.export("frozen", config.freeze is not None)


main()
