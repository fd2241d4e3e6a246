"""What is checked of the tree as a whole, and notes that do not fail a run."""

from pathlib import Path

from source import Finding, Source

FILE_LINES_SOFT = 600
NONTRIVIAL_LINES = 40
README_LINES_MIN = 8
BENDS_MAX = 3


def readmes(root: Path, paths: list[str]) -> list[Finding]:
    """Every folder that makes a library has a README that says more than its name.

    A library inside a module's folder may be told in the module's README.
    """
    findings = []
    for path in paths:
        folder = path.removesuffix("/CMakeLists.txt")
        if folder == path or "kith_module(" not in (root / path).read_text():
            continue
        readme = root / folder / "README.md"
        if not readme.is_file() and is_sublibrary(root, folder):
            continue
        if not readme.is_file():
            findings.append(Finding(folder + "/README.md", 1, "is missing: every module has one"))
        elif len(readme.read_text().splitlines()) < README_LINES_MIN:
            findings.append(Finding(folder + "/README.md", 1, "says too little to be of use"))
    return findings


def is_sublibrary(root: Path, folder: str) -> bool:
    parent = (root / folder).parent / "CMakeLists.txt"
    return parent.is_file() and "kith_module(" in parent.read_text()


def notes(sources: list[Source], all_paths: set[str]) -> list[Finding]:
    """Places to look at: long files, code without a test of its name, files with many bends."""
    found = []
    for source in sources:
        if len(source.lines) > FILE_LINES_SOFT and source.suffix in (
            ".h",
            ".cpp",
            ".py",
            ".ts",
            ".tsx",
        ):
            found.append(
                Finding(
                    source.path,
                    1,
                    f"{len(source.lines)} lines; over {FILE_LINES_SOFT}: one idea a file?",
                )
            )
        if needs_test(source) and source.path.replace(".cpp", "_test.cpp") not in all_paths:
            found.append(Finding(source.path, 1, "has no test file of its name"))
        bends = sum("style:" in line for line in source.lines)
        if bends > BENDS_MAX:
            found.append(
                Finding(source.path, 1, f"bends the style {bends} times: is the rule wrong?")
            )
    return found


def needs_test(source: Source) -> bool:
    return (
        source.suffix == ".cpp"
        and not source.is_test
        and source.path.startswith("src/")
        and sum(bool(line.strip()) for line in source.code) > NONTRIVIAL_LINES
    )
