"""What is checked of each file. A check takes a Source and yields line and reason; see CHECKS."""

import ast
import re
from collections.abc import Iterator

from functions import functions_of
from source import Finding, Source

COLUMNS_MAX = 100
FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 4
NESTING_MAX = 3

# Where a rule does not hold, by what a path starts with.
READS_CLOCKS = ("src/runtime/", "src/node/", "cli/", "bench/", "tests/", "tools/", "examples/")
HAS_LOCKS = (
    "src/runtime/",
    "src/storage/testing/",
    "src/storage/writer_journal",
    "cli/",
    "bench/",
    "tests/",
    "tools/",
)

VAGUE_WORDS = {"mgr", "util", "utils", "helper", "helpers", "info", "data", "misc", "stuff"}
TYPE_NAME = re.compile(
    r"\b(?:class|struct|enum\s+class|enum|union)\s+(?:\[\[\w+\]\]\s*)?([A-Z]\w*)"
)
WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD_HEADER = re.compile(r"^[a-z_0-9]+$")
# style: the next two name what they look for.
BARE_TODO = re.compile(r"\bTODO\b(?!: \w+[^\n]*\w+ \w+)")
UNFINISHED = re.compile(r"\b(hack|fixme|xxx)\b", re.IGNORECASE)  # style: as above
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home/\w|root/|Users/\w|work/|tmp/wt)")
TEST = re.compile(r"^\s*(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\s*\)?")
LOCK = re.compile(
    r"\bstd::(?:recursive_|shared_)?(?:timed_)?mutex\b|\bpthread_mutex"
    r"|\bstd::(?:lock_guard|unique_lock|scoped_lock|condition_variable)\b"
)
CLOCK = re.compile(
    r"\b(?:steady_clock|system_clock|high_resolution_clock)::now\b|\bstd::random_device\b"
    r"|\b(?:clock_gettime|gettimeofday)\b|(?<![\w.:>])(?:s?rand|time)\((?:NULL|nullptr|0)?\)"
)
SLEEP = re.compile(r"\bsleep_(?:for|until)\b|(?<![\w.])(?:u|nano)?sleep\(")

Findings = Iterator[tuple[int, str]]


def check_file(source: Source) -> list[Finding]:
    """Everything found in one file that no `style:` comment excuses."""
    found = []
    for check in EVERYWHERE + CHECKS[source.suffix]:
        for line, text in check(source):
            if not source.is_suppressed(line):
                found.append(Finding(source.path, line, text))
    return found


def line_length(source: Source) -> Findings:
    for number, line in enumerate(source.lines, 1):
        if len(line) > COLUMNS_MAX and "://" not in line:
            yield number, f"{len(line)} columns; {COLUMNS_MAX} are allowed"


def file_length(source: Source) -> Findings:
    if len(source.lines) > FILE_LINES_MAX:
        yield 1, f"{len(source.lines)} lines; {FILE_LINES_MAX} are allowed: one idea a file"


def header_comment(source: Source) -> Findings:
    """A header says what it is and why; so does a .cpp file that has no header of its own."""
    if source.is_test or own_header_of(source):
        return
    comment = []
    for line in source.lines:
        if not line.startswith(("//", "/*", " *")):
            break
        comment.append(line)
    if len(" ".join(comment).split()) < 5:
        yield 1, "starts without a comment that says what the file is and why"


def pragma_once(source: Source) -> Findings:
    if source.suffix == ".h" and "#pragma once" not in source.code:
        yield 1, "has no #pragma once"


def functions(source: Source) -> Findings:
    for function in functions_of(source.code):
        for what, value, limit in (
            ("lines", function.line_count, FUNCTION_LINES_MAX),
            ("parameters", function.parameter_count, PARAMETERS_MAX),
            ("levels of nesting", function.nesting, NESTING_MAX),
        ):
            if value > limit:
                yield function.first_line, f"{function.name}: {value} {what}; {limit} are allowed"


def includes(source: Source) -> Findings:
    """The own header comes first and alone; project, library and standard headers do not mix."""
    own = own_header_of(source)
    block_kind, first = None, True
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        if not match:
            block_kind = None
            continue
        kind = kind_of_include(*match.groups())
        if first and own and match.group(2) != own:
            yield number, f'the first include is not "{own}"'
        elif first and own and INCLUDE.match(source.line_at(number + 1)):
            yield number + 1, "no blank line behind the own header"
        elif block_kind not in (None, kind):
            yield number, f"{kind} headers follow {block_kind} headers without a blank line"
        block_kind, first = kind, False


def own_header_of(source: Source) -> str | None:
    """The include by which x.cpp, x_test.cpp ... name x.h, or None if there is no x.h."""
    if source.suffix != ".cpp":
        return None
    path = re.sub(r"(_test|_fuzz|_bench)?\.cpp$", ".h", source.path)
    return path.removeprefix("src/") if source.exists(path) else None


def kind_of_include(quote: str, header: str) -> str:
    if quote == '"':
        return "project"
    return "standard" if STANDARD_HEADER.match(header) else "library"


def vague_names(source: Source) -> Findings:
    stem = source.name.split(".")[0]
    for word in re.split(r"[_-]", stem.lower()):
        if word in VAGUE_WORDS:
            yield 1, f"the name of the file says '{word}', which says nothing"
    for number, line in enumerate(source.code if source.is_cpp else [], 1):
        for name in TYPE_NAME.findall(line):
            for word in WORD.findall(name):
                if word.lower() in VAGUE_WORDS:
                    yield number, f"{name}: '{word}' says nothing; name what it is"


def unfinished(source: Source) -> Findings:
    for number, line in enumerate(source.lines, 1):
        if BARE_TODO.search(line):
            # style: the text names what it is about.
            yield number, "does not say what is to do, and why not now: `TODO: what, and why`"
        if match := UNFINISHED.search(line):
            yield number, f"'{match.group()}' marks unfinished work: finish it, or say what it is"


def machine_paths(source: Source) -> Findings:
    for number, line in enumerate(source.lines, 1):
        if match := MACHINE_PATH.search(line):
            yield number, f"'{match.group()}...' is a path of one machine"


def locks_and_clocks(source: Source) -> Findings:
    for number, line in enumerate(source.code, 1):
        if not source.path.startswith(HAS_LOCKS) and LOCK.search(line):
            yield number, "locks exist only in runtime/; other shards are reached by mailbox"
        if not source.path.startswith(READS_CLOCKS) and CLOCK.search(line):
            yield number, "reads a clock or a random source; both arrive as arguments"
        if source.is_test and SLEEP.search(line):
            yield number, "a test waits for what it needs; it does not sleep"


def test_names(source: Source) -> Findings:
    for number, line in enumerate(source.code, 1):
        if match := TEST.match(line):
            name = match.group(1)
            if len(WORD.findall(name)) < 2 or "_" in name:
                yield number, f"the test name {name} is not a sentence in CamelCase"


def python_functions(source: Source) -> Findings:
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.FunctionDef):
            line_count = node.end_lineno - node.lineno + 1
            if line_count > FUNCTION_LINES_MAX:
                text = f"{node.name}: {line_count} lines; {FUNCTION_LINES_MAX} are allowed"
                yield node.lineno, text


def typescript(source: Source) -> Findings:
    for number, line in enumerate(source.lines, 1):
        if re.search(r"(?::|\bas)\s+any\b", line.split("//")[0]):
            yield number, "no `any`: name the type"
        if line.startswith("export default"):
            yield number, "no default exports"


EVERYWHERE = [unfinished, machine_paths]
CODE = [line_length, file_length, vague_names]
CHECKS = {
    ".h": CODE + [header_comment, pragma_once, functions, includes, locks_and_clocks],
    ".cpp": CODE + [header_comment, functions, includes, locks_and_clocks, test_names],
    ".py": CODE + [python_functions],
    ".sh": CODE,
    ".cmake": CODE,
    ".txt": [line_length],
    ".ts": CODE + [typescript],
    ".tsx": CODE + [typescript],
    ".css": [file_length],
    ".md": [],
    ".toml": [],
    ".json": [],
    ".yaml": [],
    ".service": [],
}
