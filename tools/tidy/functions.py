"""Finds the functions of a C++ file by its braces.

Not a parser: it reads the formatting that clang-format enforces here. A brace at namespace or class
level opens a function if the words before it have a parameter list and are no initialiser.
"""

import re
from dataclasses import dataclass

NAMESPACE = re.compile(r"\bnamespace\b|^\s*extern\s*\"\"\s*$")
TYPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:class|struct|union|enum)\b")
CONTROL = re.compile(r"\b(?:if|for|while|switch)\b|(?:^|[;{}\s])(?:else|do|try)\s*$|\bcatch\b")
ATTRIBUTES = re.compile(
    r"\[\[.*?\]\]|\b(?:alignas|decltype|noexcept|requires|__attribute__|explicit)\s*"
    r"\((?:[^()]|\([^()]*\))*\)"
)
# After the parameters of a constructor: `: a_(1), b_` is followed by the braces of a member.
MEMBER_INITIALISER = re.compile(r"^[\s\w]*(?<!:):(?!:).*[\w>]$", re.DOTALL)
NAME = re.compile(r"(?P<name>operator\s*\(\s*\)|operator\s*[^\s(]+|[~\w:]+)\s*$")


@dataclass
class Function:
    name: str
    first_line: int
    last_line: int
    parameter_count: int
    nesting: int  # of if, for, while, switch, do, try inside one another

    @property
    def line_count(self) -> int:
        return self.last_line - self.first_line + 1


@dataclass
class Scope:
    """What a brace opened. `head`, `head_line` and `round` tell what was being read when it did."""

    kind: str  # namespace, type, function, member, control, block or other
    function: Function | None = None
    head: str = ""
    head_line: int = 0
    round: int = 0


def functions_of(code: list[str]) -> list[Function]:
    """The functions with a body, in order; `code` is free of comments and literals."""
    reader = BraceReader()
    for number, line in enumerate(without_preprocessor(code), 1):
        for character in line:
            reader.take(character, number)
        reader.take("\n", number)
    return reader.functions


def without_preprocessor(code: list[str]) -> list[str]:
    kept, continued = [], False
    for line in code:
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.endswith("\\")
        kept.append("" if directive else line)
    return kept


class BraceReader:
    """Follows the braces of a file; `head` is the text since the last statement or brace."""

    def __init__(self):
        self.functions: list[Function] = []
        self._scopes: list[Scope] = []
        self._head = ""
        self._head_line = 0
        self._round = 0  # open parentheses: a brace or semicolon within them ends nothing

    def take(self, character: str, line: int) -> None:
        if character == "{":
            self._open(line)
        elif character == "}":
            self._close(line)
        elif character == ";" and self._round == 0:
            self._head = ""
        else:
            self._round += {"(": 1, ")": -1}.get(character, 0)
            if not self._head.strip() and not character.isspace():
                self._head_line = line
            self._head += " " if character == "\n" else character

    def _open(self, line: int) -> None:
        scope = self._scope_for(self._head.strip(), self._head_line or line)
        scope.head, scope.head_line, scope.round = self._head, self._head_line, self._round
        self._scopes.append(scope)
        self._head, self._round = "", 0

    def _close(self, line: int) -> None:
        self._head = ""
        if not self._scopes:
            return
        scope = self._scopes.pop()
        self._round = scope.round
        if scope.kind == "function":
            scope.function.last_line = line
        if scope.kind == "member" or scope.round > 0:
            # The statement around these braces goes on.
            self._head, self._head_line = scope.head + "()", scope.head_line

    def _scope_for(self, head: str, line: int) -> Scope:
        outer = self._scopes[-1].kind if self._scopes else "namespace"
        if self._round > 0:
            return Scope("other")
        if outer in ("namespace", "type"):
            return self._scope_in_declarations(head, line)
        if CONTROL.search(head):
            self._note_nesting()
            return Scope("control")
        return Scope("block" if not head or head.endswith(":") else "other")

    def _scope_in_declarations(self, head: str, line: int) -> Scope:
        plain = ATTRIBUTES.sub(" ", head).strip()
        if NAMESPACE.search(plain):
            return Scope("namespace")
        if TYPE.search(plain) and not TYPE.sub("", plain).strip().endswith(")"):
            return Scope("type")
        start = parameters_start(plain)
        if start < 0 or plain.endswith(("=", ",", "(")):
            return Scope("other")
        if MEMBER_INITIALISER.search(plain[parameters_end(plain, start) :]):
            return Scope("member")
        name = NAME.search(plain[:start])
        function = Function(
            name.group("name") if name else "?", line, line, parameter_count(plain, start), 0
        )
        self.functions.append(function)
        return Scope("function", function)

    def _note_nesting(self) -> None:
        """Counts blocks that stand directly in one another; a lambda's body starts anew."""
        depth = 1
        for scope in reversed(self._scopes):
            if scope.kind not in ("control", "block"):
                break
            depth += scope.kind == "control"
        function = next((s.function for s in reversed(self._scopes) if s.function), None)
        if function is not None:
            function.nesting = max(function.nesting, depth)


def parameters_start(head: str) -> int:
    """Where the parameter list opens: the first parenthesis outside <>; -1 if there is none."""
    angles = 0
    for at, character in enumerate(head):
        if character == "(" and angles == 0:
            return head.find("(", at + 1) if re.search(r"\boperator\s*$", head[:at]) else at
        if re.search(r"\boperator\s*[<>=-]*$", head[:at]):
            continue
        angles += {"<": 1, ">": -1}.get(character, 0) if angles or character == "<" else 0
    return -1


def parameters_end(head: str, start: int) -> int:
    depth = 0
    for at in range(start, len(head)):
        depth += {"(": 1, ")": -1}.get(head[at], 0)
        if depth == 0:
            return at + 1
    return len(head)


def parameter_count(head: str, start: int) -> int:
    inside = head[start + 1 : parameters_end(head, start) - 1].replace("->", "")
    depth, count = 0, 1
    for character in inside:
        depth += {"(": 1, "<": 1, "[": 1, "{": 1, ")": -1, ">": -1, "]": -1, "}": -1}.get(
            character, 0
        )
        count += character == "," and depth == 0
    return count if inside.strip() else 0
