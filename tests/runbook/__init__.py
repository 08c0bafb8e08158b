"""The runbook: its blocks run, and incidents are mended with nothing else."""
