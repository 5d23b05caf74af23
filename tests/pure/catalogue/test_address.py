"""Whom a probe may ask, by name and by address."""

from __future__ import annotations

import pytest

from rollout.model.catalogue import address
from tests.pure.samples import DOMAINS, read_catalogue, refused


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "fd00:ec2::254", "[fd00:ec2::254]",
        "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data", "%6detadata",
    ],
)  # fmt: skip
def test_a_metadata_service_is_known(host: str) -> None:
    assert address.metadata(host) != ""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "::1",
        "10.0.0.7",
        "169.253.1.1",
        "example.org",
        "metadata.example.org",
        "64:ff9b::808:808",
        "",
    ],
)
def test_what_is_nobodys_metadata_may_be_asked(host: str) -> None:
    assert address.metadata(host) == ""


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://[fe80::1]/x", "http://metadata.google.internal/"]
)
def test_a_catalogue_that_names_one_is_refused(url: str) -> None:
    raw = DOMAINS.replace(b"{unified}/health", url.encode(), 1)
    assert raw != DOMAINS
    assert any("url is none that a probe may ask" in one.what for one in refused(read_catalogue, raw))


def test_a_url_without_a_host_has_none() -> None:
    assert [address.host(url) for url in ("{unified}/health", "http://[broken", "")] == ["", "", ""]
