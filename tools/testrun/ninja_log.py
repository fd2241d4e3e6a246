"""What ninja compiled in this build and how long each file took, from its log."""

from pathlib import Path


class NinjaLog:
    """Remembers the log as it was when made, so that compiled_since() can tell what is new.

    A line of the log: start ms, end ms, mtime, output, hash of the command, separated by tabs.
    """

    def __init__(self, path: Path):
        self._path = path
        self._before = self._read()

    def compiled_since(self) -> list[tuple[float, str]]:
        """Seconds and name of each translation unit that was compiled since."""
        fresh = {
            output: entry
            for output, entry in self._read().items()
            if self._before.get(output) != entry and output.endswith(".o")
        }
        return [
            ((end - start) / 1000, source_of(output)) for output, (start, end, _) in fresh.items()
        ]

    def _read(self) -> dict[str, tuple[int, int, str]]:
        if not self._path.exists():
            return {}
        entries = {}
        for line in self._path.read_text().splitlines():
            fields = line.split("\t")
            if not line.startswith("#") and len(fields) == 5:
                entries[fields[3]] = (int(fields[0]), int(fields[1]), fields[2])
        return entries


def source_of(output: str) -> str:
    """src/base/CMakeFiles/kith_base.dir/time.cpp.o -> src/base/time.cpp"""
    folder, _, rest = output.partition("/CMakeFiles/")
    return f"{folder}/{rest.partition('.dir/')[2]}".removesuffix(".o") if rest else output
