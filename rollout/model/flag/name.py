"""What a flag is called outside: a contract with the service that reads it, whichever store keeps the value."""

from __future__ import annotations

from dataclasses import dataclass


def secret_name(stack: str, flag: str) -> str:
    """The name under which a store keeps a flag: `wa-webhook-unified/<stack>/<FLAG>`."""
    return f"wa-webhook-unified/{stack}/{flag}"


@dataclass(frozen=True)
class FlagName:
    """One flag of one stack, as the store knows it."""

    stack: str
    domain: str
    flag: str

    @property
    def secret(self) -> str:
        return secret_name(self.stack, self.flag)

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every flag's secret carries (a contract)."""
        return {"domain": self.domain, "stack": self.stack, "managed-by": "pulumi"}
