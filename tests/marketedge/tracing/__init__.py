"""Traces: what reaches a collector, and that nothing does by itself."""
