"""Where a commit, a pull request or a file of the project is seen, by the address that its repository was fetched from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

#: `git@host:owner/name.git` and `scheme://[user[:password]@]host[:port]/owner/name.git`.
_SHORT: Final = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!/)([\w./~-]+?)(?:\.git)?/?")
_LONG: Final = re.compile(r"(https?|ssh|git)://(?:[^/@\s]*@)?([\w.-]+(?::\d+)?)/([\w./~-]+?)(?:\.git)?/?")


@dataclass(frozen=True)
class Forge:
    """A repository's page. `url`: without a slash at its end, and never with a name or password in it."""

    url: str

    @classmethod
    def of(cls, remote: str) -> Forge | None:
        """By the address of a remote, or of the page itself; None for a folder, and for what has no page."""
        if found := _LONG.fullmatch(remote.strip()):
            scheme, host, path = found.groups()
            if not scheme.startswith("http"):
                host = host.partition(":")[0]  # the port is ssh's
            return cls(f"{scheme if scheme == 'http' else 'https'}://{host}/{path}")
        found = _SHORT.fullmatch(remote.strip())
        return cls(f"https://{found[1]}/{found[2]}") if found and "/" in found[2] else None

    @property
    def _base(self) -> str:
        """GitLab has its pages under `/-/`."""
        host = self.url.split("/")[2]
        return f"{self.url}/-" if "gitlab" in host else self.url

    def commit(self, commit: str) -> str:
        return f"{self._base}/commit/{quote(commit)}"

    def pull_request(self, number: int) -> str:
        return f"{self._base}/{'merge_requests' if self._base != self.url else 'pull'}/{number}"

    def file(self, path: str) -> str:
        """A file as the default branch has it."""
        return f"{self._base}/blob/HEAD/{quote(path)}"
