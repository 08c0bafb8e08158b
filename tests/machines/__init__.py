"""The service on several machines: network namespaces, which share no disk."""
