"""Runs the measurements and writes their table: `script/bench [NAME …] [--write]`."""

from __future__ import annotations

import argparse
import os
import sys


def main() -> None:
    """Sets Django up on the servers that `script/bench` started, then measures."""
    # Measurements go beyond what an upload may hold: these are limits of the door, not the engine.
    os.environ |= {"MAX_ROWS_PER_IMPORT": "2000000", "MAX_FILE_SIZE": str(1 << 30)}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketedge.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from bench import measures, report

    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(measures.ALL)}")
    parser.add_argument("--rows", type=int, default=100_000, help="of the main measurement")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(measures.ALL)
    if unknown:
        parser.error(f"no measurement is called {', '.join(sorted(unknown))}")
    call_command("migrate", verbosity=0)
    results = []
    for name in arguments.names or measures.ALL:
        print(f"… {name}", file=sys.stderr, flush=True)
        found = measures.ALL[name](arguments.rows)
        for one in found if isinstance(found, list) else [found]:
            results.append(one)
            print(report.line(one), flush=True)
    if arguments.write:
        report.write(results)


if __name__ == "__main__":
    main()
