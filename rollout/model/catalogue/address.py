"""Whom a probe may ask: no machine's metadata service, which hands out credentials to whoever stands on that machine."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import unquote, urlsplit

#: Metadata services that aren't on a link-local address: AWS (over IPv6), Alibaba Cloud, Oracle Cloud, Azure's wire server.
_METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "fd00:ec2::23", "100.100.100.200", "192.0.0.192", "168.63.129.16"))
)
#: Names that stand for one.
_NAMES: Final = ("metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal")
#: IPv4 addresses that are written inside of IPv6 ones (RFC 6052): a gateway takes them there.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def metadata(host: str) -> str:
    """Why `host`, a name or an address, mustn't be asked; empty where it may. A name is known when it is looked up."""
    name = unquote(host).strip("[]").partition("%")[0].rstrip(".").lower()
    if name in _NAMES:
        return f"{name} is a machine's metadata service"
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return ""
    for one in (found, *_inside(found)):
        if one.is_link_local or one in _METADATA:
            return f"{found} is a link-local address, or a machine's metadata service"
    return ""


def host(url: str) -> str:
    """The host of a URL; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _inside(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    if isinstance(found, ipaddress.IPv4Address):
        return []
    nat64 = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None
    teredo = found.teredo[1] if found.teredo else None
    return [one for one in (found.ipv4_mapped, found.sixtofour, teredo, nat64) if one is not None]
