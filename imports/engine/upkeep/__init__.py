"""What runs on a schedule: `recovery` of imports whose worker died, and `retention`."""
