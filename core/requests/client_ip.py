"""The IP address of the client that sent a request."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The IP address of the client, in the form of `normalise_ip`, or "" if it is unknown.

    Each of our proxies appends the IP address of its caller to X-Forwarded-For. With
    TRUSTED_PROXY_HOPS proxies, the client's is that many places from the right end. The client can
    write anything to the left of it, so that part is ignored. Without proxies, or if the header
    has fewer entries, the address of the connection is used."""
    hops: int = settings.TRUSTED_PROXY_HOPS
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    ip = normalise_ip(forwarded[-hops]) if 0 < hops <= len(forwarded) else ""
    return ip or normalise_ip(request.META.get("REMOTE_ADDR", ""))


def normalise_ip(text: str) -> str:
    """The canonical form of an IP address, or "" if `text` is not one.

    An IPv4 address that is mapped into IPv6 (`::ffff:192.0.2.1`) becomes IPv4. A zone
    (`fe80::1%eth0`) is removed."""
    try:
        ip = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return ""
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)
