"""Run every check of the project, in the order of their speed; stop at the first that fails."""

import subprocess
import sys

CHECKS = (
    ("-m", "ruff", "format", "--check", "."),
    ("-m", "ruff", "check", "."),
    # It has no `-m` of its own.
    ("-c", "from importlinter.cli import lint_imports_command as lint; lint()"),
    ("-m", "mypy"),
    # A file stays in one process: what its tests share is built once. Reordered, the longest would come last.
    ("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"),
)


def main() -> int:
    for command in CHECKS:
        print("$", " ".join(command), flush=True)
        done = subprocess.run([sys.executable, *command], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
