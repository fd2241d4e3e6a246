"""A source file as the checks see it: its lines, and its code without comments and literals."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CPP = (".h", ".cpp")
# A literal or a comment, whichever starts first. Raw strings come before plain ones.
CPP_QUIET = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
SUPPRESSION = re.compile(r"(//|#|/\*|<!--)\s*style:\s*\S")


@dataclass
class Finding:
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class Source:
    """One file. `path` is from the root of the repository."""

    def __init__(self, root: Path, path: str):
        self.root = root
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8", errors="replace")

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """What kind of file it is; a script without a suffix is told by its first line."""
        is_script = "." not in self.name and self.text.startswith("#!") and "bash" in self.lines[0]
        return ".sh" if is_script else Path(self.path).suffix

    @property
    def is_cpp(self) -> bool:
        return self.suffix in CPP

    @property
    def is_test(self) -> bool:
        return self.name.endswith(("_test.cpp", "_fuzz.cpp", "_bench.cpp")) or self.path.startswith(
            "tests/"
        )

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def code(self) -> list[str]:
        """The lines with comments blanked and literals emptied: C++ only."""
        return CPP_QUIET.sub(quiet, self.text).splitlines()

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    def is_suppressed(self, line: int) -> bool:
        """True if this line, or the comment directly above it, says `style: reason`."""
        if SUPPRESSION.search(self.line_at(line)):
            return True
        above = line - 1
        while above >= 1 and self.line_at(above).lstrip().startswith(("//", "#", "*", "/*")):
            if SUPPRESSION.search(self.line_at(above)):
                return True
            above -= 1
        return False

    def line_at(self, line: int) -> str:
        return self.lines[line - 1] if 1 <= line <= len(self.lines) else ""


def quiet(match: re.Match) -> str:
    """What remains of a comment or literal: its line breaks, and quotes for a literal."""
    text = match.group()
    breaks = "\n" * text.count("\n")
    if text.startswith(("//", "/*")):
        return breaks or " "
    return f'""{breaks}' if text[-1] == '"' else "''"
