"""Measures the engine against COPY, in one run, on servers of its own: `script/bench`."""
