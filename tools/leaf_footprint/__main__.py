"""How large a machine without a server is: its program, linked in two ways, and its memory.

./dev bench leaf, or python3 tools/leaf_footprint BUILD --kith FILE: BUILD has kith_machine_c, FILE
is the program that founds its mesh. Prints a table of what is measured beside what was aimed at;
exit 1 if something is missed.
"""

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

from harness import Process  # noqa: E402
from lan import Lan, can_make_namespaces  # noqa: E402

MB = 1_000_000
OWN_CODE_MAX = 1.2 * MB
SELF_CONTAINED_MAX = 7 * MB
PRIVATE_MAX = 4 * MB
TARGET = "tests/integration/kith_machine_c"


def link_command(build: Path) -> str:
    commands = subprocess.run(
        ["ninja", "-C", build, "-t", "commands", TARGET],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return next(line for line in reversed(commands) if f"-o {TARGET}" in line)


def link(build: Path, out: Path, *, is_alone: bool) -> Path:
    """The program with the libraries of the system, or with all of them but glibc inside."""
    command = link_command(build).replace(f"-o {TARGET}", f"-o {shlex.quote(str(out))}")
    static = "-static-libstdc++ -static-libgcc"
    command = command.replace("-static-libstdc++", "").replace("-static-libgcc", "")
    if is_alone:
        command = re.sub(r"/\S*/lib(ssl|crypto)\.so", r"-l:lib\1.a", command)
    extra = f" -Wl,--gc-sections -s {static + ' -lz -ldl -lpthread' if is_alone else ''}"
    end = command.rfind("&& :")
    command = command[:end] + extra + " " + command[end:] if end > 0 else command + extra
    subprocess.run(command, shell=True, cwd=build, check=True)
    return out


def libraries(program: Path) -> list[str]:
    out = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return sorted({line.split()[0].split(".so")[0] for line in out.splitlines() if "=>" in line})


def kilobytes(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("the program is gone")


class Machine(Process):
    def __init__(self, where, program, name, *arguments):
        super().__init__([*where, program, name, *arguments], stdin=subprocess.PIPE)

    def ask(self, command: str) -> None:
        line = self.output.line_count()
        self.tell(command)
        self.output.wait_for("^(ok|answer)", from_line=line)


def memory(kith: Path, program: Path) -> dict[str, int]:
    """Of a machine with two peers, after some messages each way."""
    lan = Lan(3)
    machines: list[Machine] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            founder = Path(folder) / "founder"
            founder.mkdir(mode=0o700)
            lan.run(1, kith, "mesh", "invite", "--data", founder, "--json")
            machines.append(Machine(lan.inside(1), program, "m1", "--mesh", founder))
            machines[0].output.wait_for("nobody of its mesh")
            for i in (2, 3):
                token = lan.run(1, kith, "mesh", "invite", "--data", founder, "--role", "leaf")
                machines.append(Machine(lan.inside(i), program, f"m{i}", "--mesh", token.strip(),
                                        "--directory", Path(folder) / f"m{i}"))  # fmt: skip
            for machine in machines:
                machine.ask("wait")
                machine.ask("serve echo")
                machine.ask("subscribe #")
            for machine in machines:
                for other in ("m1", "m2", "m3"):
                    machine.ask(f"call {other} echo {'x' * 1000}")
                for _ in range(100):
                    machine.ask(f"publish from/it {'x' * 1000}")
            subject = machines[2].pid
            return {
                "private": kilobytes(subject, "Anonymous"),
                "resident": kilobytes(subject, "Rss"),
            }
    finally:
        for machine in machines:
            machine.kill()
        lan.close()


def bare_handshake(folder: Path) -> dict[str, int]:
    program = folder / "handshake"
    source = Path(__file__).parent / "handshake.c"
    subprocess.run(["cc", "-O2", "-o", program, source, "-lssl", "-lcrypto"], check=True)
    process = Process([program], stdin=subprocess.PIPE)
    process.output.wait_for("done")
    found = {
        "private": kilobytes(process.pid, "Anonymous"),
        "resident": kilobytes(process.pid, "Rss"),
    }
    process.kill()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--kith", type=Path, required=True)
    options = parser.parse_args()
    build = options.build.resolve()
    rows: list[tuple[str, int, float | None]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shared = link(build, folder / "shared", is_alone=False)
        alone = link(build, folder / "alone", is_alone=True)
        rows.append(("program, stripped, with the system's libraries", shared.stat().st_size,
                     OWN_CODE_MAX))  # fmt: skip
        rows.append(("program, stripped, with all but glibc inside", alone.stat().st_size,
                     SELF_CONTAINED_MAX))  # fmt: skip
        if can_make_namespaces():
            for kind, program in (("the system's libraries", shared), ("all inside", alone)):
                used = memory(options.kith.resolve(), program)
                rows.append((f"two peers, {kind}: private anonymous", used["private"],
                             PRIVATE_MAX))  # fmt: skip
                rows.append((f"two peers, {kind}: resident in all", used["resident"], None))
            bare = bare_handshake(folder)
            rows.append(("a bare TLS handshake of OpenSSL: private anonymous", bare["private"],
                         None))  # fmt: skip
            rows.append(("a bare TLS handshake of OpenSSL: resident in all", bare["resident"],
                         None))  # fmt: skip
        print(f"libraries of the first: {', '.join(libraries(shared))}")
    print("| what | bytes | target |")
    print("| --- | ---: | ---: |")
    for what, size, target in rows:
        verdict = "" if target is None else f"{target / MB:.1f} MB"
        verdict += ": missed" if target is not None and size > target else ""
        print(f"| {what} | {size / MB:.2f} MB | {verdict} |")
    return 1 if any(target is not None and size > target for _, size, target in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
