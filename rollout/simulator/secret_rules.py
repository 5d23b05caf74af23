"""Secrets Manager as AWS has it, where moto is looser: what matters when a flag is brought down.

- A secret that waits for its deletion takes no write and no tag; moto takes both.
- A put and a tag at the same moment both stand at the end; moto's put writes back the tags that it read at its begin.
- A read without a version follows AWSCURRENT where a hand moved it; moto's goes on with the version before
  (`findings/moto-moved-label.sh`).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Final

from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

#: What AWS refuses on a secret that is marked for deletion (API reference, InvalidRequestException of each).
REFUSED: Final = ("put_secret_value", "update_secret", "tag_resource", "untag_resource")
#: What changes a secret; one at a time.
ALONE: Final = (*REFUSED, "create_secret", "restore_secret", "delete_secret", "update_secret_version_stage")
#: AWS's own words.
MESSAGE: Final = "You can't perform this operation on the secret because it was marked for deletion."

_lock: Final = threading.RLock()  # the simulator answers in many threads; some of moto's methods call each other


def install() -> None:
    """Puts it before moto's own methods, in this process. A second time changes nothing."""
    for name in ALONE:
        own = getattr(SecretsManagerBackend, name)
        if not hasattr(own, "__wrapped__"):
            setattr(SecretsManagerBackend, name, _alone(own, refused=name in REFUSED))


def _alone(own: Callable[..., Any], *, refused: bool) -> Callable[..., Any]:
    @functools.wraps(own)
    def answered(self: Any, *args: Any, **named: Any) -> Any:
        with _lock:
            name = named.get("secret_id") or named.get("arn") or next(iter(args), None)
            if refused and name in self.secrets and self.secrets[name].is_deleted():
                raise InvalidRequestException(MESSAGE)
            answer = own(self, *args, **named)
            if own.__name__ == "update_secret_version_stage":
                _follow(self.secrets[name])
            return answer

    return answered


def _follow(secret: Any) -> None:
    labelled = (version for version, told in secret.versions.items() if "AWSCURRENT" in told["version_stages"])
    of_all = getattr(secret, "source", secret)  # a replica is read through what it replicates
    of_all.set_default_version_id(next(labelled, None))
