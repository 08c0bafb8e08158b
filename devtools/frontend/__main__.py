"""`script/frontend`: everything about the page of an organisation that needs Node.

install   Node, and the packages of frontend/ and frontend/types/
build     users/static/app, which Django serves
types     frontend/src/api/schema.ts, from docs/openapi.yaml
check     whether these two are up to date; sizes, types, style, translations
test      the tests of the page's logic (vitest)
npm …     npm in frontend/, such as `script/frontend npm run dev`
"""

from __future__ import annotations

import sys

from devtools.frontend import checks
from devtools.frontend.node import FRONTEND, Npm
from devtools.processes import Processes
from devtools.virtualenv import explain_permission_errors

COMMANDS = ("install", "build", "types", "check", "test", "npm")


def main(arguments: list[str]) -> int:
    """Runs one command. Returns the exit status of what fails, or 0."""
    command, more = arguments[0] if arguments else "", arguments[1:]
    if command not in COMMANDS or (more and command not in ("npm", "test")):
        print(__doc__.strip())
        return 0 if command in ("-h", "--help") else 2
    with Processes() as processes:
        npm = Npm(processes)
        if command == "npm":  # may be what makes the lockfile
            return npm.run(FRONTEND, *more)
        if (status := npm.install()) or command == "install":
            return status
        if command == "test":
            return npm.run(FRONTEND, "test", "--", *more)
        work = {"build": checks.build, "types": checks.write_types, "check": checks.check}
        return work[command](npm)


if __name__ == "__main__":
    with explain_permission_errors():
        sys.exit(main(sys.argv[1:]))
