"""The IP address of the client, behind proxies and without."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from core.requests.client_ip import client_ip, normalise_ip


@pytest.mark.parametrize(
    ("hops", "forwarded", "ip"),
    [
        # Without a trusted proxy the client itself wrote the header.
        (0, "192.0.2.1", "203.0.113.9"),
        (0, None, "203.0.113.9"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "10.9.9.9, 192.0.2.1", "192.0.2.1"),
        # Render: what the client wrote, the client, Cloudflare, Render's own proxy.
        (3, "192.0.2.1, 172.71.0.1, 10.1.2.3", "192.0.2.1"),
        (3, "10.9.9.9,127.0.0.1, 192.0.2.1, 172.71.0.1, 10.1.2.3", "192.0.2.1"),
        (3, "2001:DB8::1, 172.71.0.1, 10.1.2.3", "2001:db8::1"),
        (3, "::ffff:192.0.2.1, 172.71.0.1, 10.1.2.3", "192.0.2.1"),
        # Fewer entries than proxies: the request came another way, so the header is ignored.
        (3, "192.0.2.1, 10.1.2.3", "203.0.113.9"),
        (3, None, "203.0.113.9"),
        (3, "garbage, 172.71.0.1, 10.1.2.3", "203.0.113.9"),
    ],
)
def test_the_client_is_the_caller_of_the_outermost_trusted_proxy(
    settings: Any, hops: int, forwarded: str | None, ip: str
) -> None:
    settings.TRUSTED_PROXY_HOPS = hops
    meta = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", **meta)
    assert client_ip(request) == ip


def test_no_other_header_is_used(settings: Any) -> None:
    settings.TRUSTED_PROXY_HOPS = 1
    names = ("X_REAL_IP", "TRUE_CLIENT_IP", "CF_CONNECTING_IP", "FORWARDED", "X_CLIENT_IP")
    forged = {f"HTTP_{name}": "192.0.2.1" for name in names}
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", **forged)) == (
        "203.0.113.9"
    )


def test_the_ip_of_a_connection_without_one_is_unknown() -> None:
    assert client_ip(HttpRequest()) == ""


@pytest.mark.parametrize(
    ("text", "ip"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("192.0.2.1:80", ""),
        ("192.0.2.256", ""),
        ("", ""),
    ],
)
def test_an_ip_address_has_one_canonical_form(text: str, ip: str) -> None:
    assert normalise_ip(text) == ip
