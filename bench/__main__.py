"""Runs measurements and prints the results: `script/bench [NAME …] [--write]`."""

from __future__ import annotations

import argparse
import os
import sys


def main() -> None:
    """Sets up Django on the servers that `script/bench` started, then runs the measurements."""
    # Measurements use larger files than an upload may have. The engine itself has no such limits.
    os.environ |= {"MAX_ROWS_PER_IMPORT": "2000000", "MAX_FILE_SIZE": str(1 << 30)}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketedge.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from bench import measurements, report

    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(measurements.ALL))
    parser.add_argument("--rows", type=int, default=100_000, help="rows of a file (100,000)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(measurements.ALL)
    if unknown:
        parser.error(f"no measurement is called {', '.join(sorted(unknown))}")
    call_command("migrate", verbosity=0)
    results = []
    for name in arguments.names or measurements.ALL:
        print(f"… {name}", file=sys.stderr, flush=True)
        measured = measurements.ALL[name](arguments.rows)
        for result in measured if isinstance(measured, list) else [measured]:
            results.append(result)
            print(report.as_text(result), flush=True)
    if arguments.write:
        report.write(results)


if __name__ == "__main__":
    main()
