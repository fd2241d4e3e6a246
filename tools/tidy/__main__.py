"""Checks what a program can check of the style: python3 tools/tidy [--notes] [FILE...]

Every finding is a line with file, line and reason; exit 1 if there is one. A rule that would make
the code worse is bent with `// style: reason` on the line or in the comment directly above it. Notes
are places to look at, shown with --notes; they fail nothing.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import checks
import tree_checks
from source import Source

ROOT = Path(__file__).resolve().parents[2]
# Taken over as they are: other people's bytes and text.
FOREIGN = ("LICENSE", "fuzz/corpora/", "package-lock.json")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/tidy", description=__doc__.splitlines()[0])
    parser.add_argument("--notes", action="store_true", help="show places to look at, too")
    parser.add_argument("files", nargs="*", help="only these, as paths from the root")
    options = parser.parse_args()

    all_paths = project_files(ROOT)
    chosen = options.files or all_paths
    kinds = {"", *checks.CHECKS}
    sources = [Source(ROOT, path) for path in chosen if Path(path).suffix in kinds]
    sources = [source for source in sources if source.suffix in checks.CHECKS]
    findings = [finding for source in sources for finding in checks.check_file(source)]
    findings += tree_checks.readmes(ROOT, chosen)
    notes = tree_checks.notes(sources, set(all_paths))
    for finding in findings + (notes if options.notes else []):
        print(finding)
    print(f"tidy: {len(sources)} files, {len(findings)} findings, {len(notes)} notes")
    return 1 if findings else 0


def project_files(root: Path) -> list[str]:
    """What git knows or would take, as paths from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(
        {
            path
            for path in listed.stdout.splitlines()
            if (root / path).is_file()
            and not path.endswith(FOREIGN)
            and not path.startswith(FOREIGN)
        }
    )


if __name__ == "__main__":
    sys.exit(main())
