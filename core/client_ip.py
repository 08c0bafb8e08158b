"""The IP address that a request comes from."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Where a request comes from, as far as nobody can forge it; "" where that is unknown.

    Every proxy of ours appends the address that called it to X-Forwarded-For. With
    TRUSTED_PROXY_HOPS of them, the client's is that many from the right; what stands further left
    the client wrote itself. Without proxies, or with a shorter list, it is the connection's own."""
    hops: int = settings.TRUSTED_PROXY_HOPS
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    said = normalise_ip(forwarded[-hops]) if 0 < hops <= len(forwarded) else ""
    return said or normalise_ip(request.META.get("REMOTE_ADDR", ""))


def normalise_ip(text: str) -> str:
    """An IP address in its one form, an IPv4 one never inside an IPv6 one; "" for all else."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])  # %: an interface
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
