import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = "for part in tools/dev/*.sh; do source $part; done; "


def dev(*arguments):
    return subprocess.run(
        ["./dev", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def shell(script):
    """What a script prints that has the functions of ./dev, or fails with."""
    text = f"set -euo pipefail; unset KITH_JOBS; {SOURCES} {script}"
    return subprocess.run(
        ["bash", "-c", text], cwd=ROOT, capture_output=True, text=True, check=False
    )


class Help(unittest.TestCase):
    def verbs(self):
        return [line.split()[0] for line in dev().stdout.splitlines()[1:]]

    def test_alone_it_lists_the_verbs_with_a_line_each(self):
        done = dev()
        self.assertEqual(done.returncode, 0)
        self.assertTrue({"setup", "build", "run", "test"} <= set(self.verbs()), done.stdout)
        for line in done.stdout.splitlines()[1:]:
            self.assertGreater(len(line.split()), 3, line)

    def test_every_verb_has_help_and_a_function(self):
        for verb in self.verbs():
            done = dev(verb, "--help")
            self.assertEqual(done.returncode, 0, verb)
            self.assertTrue(done.stdout.startswith(f"./dev {verb}"), done.stdout)
            self.assertIn(f"verb_{verb}() {{", (ROOT / "dev").read_text())

    def test_wrong_usage_ends_with_two(self):
        for arguments in (["dance"], ["main"], ["build", "nope"], ["lint", "nope"], ["setup", "x"]):
            done = dev(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("nope" if "nope" in arguments else "no ", done.stderr)

    def test_help_behind_two_dashes_is_for_the_program(self):
        self.assertEqual(shell("wants_help -- --help && echo yes || echo no").stdout, "no\n")
        self.assertEqual(shell("wants_help a --help && echo yes || echo no").stdout, "yes\n")


class Setup(unittest.TestCase):
    def test_every_group_that_is_asked_for_exists(self):
        text = (ROOT / "tools/packages.txt").read_text()
        for preset in ("release", "dev", "clang", "fuzz"):
            for group in shell(f"groups_of_preset {preset}").stdout.split():
                self.assertIn(f"[{group}]", text)

    def test_only_what_is_missing_is_named(self):
        fake = "dpkg-query() { echo 'installed here'; echo 'config-files gone'; return 1; }; "
        done = shell(fake + "set +o pipefail; missing_packages here gone never")
        self.assertEqual(done.stdout.split(), ["gone", "never"], done.stderr)

    def test_nothing_missing_calls_no_installer(self):
        fake = "dpkg-query() { printf 'installed %s\\n' \"${@:4}\"; }; "
        fake += "apt_install() { echo installs; }; "
        done = shell(fake + "install_missing build test")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_a_group_has_its_own_packages_only(self):
        done = shell("packages_of test")
        self.assertIn("libgtest-dev", done.stdout)
        self.assertNotIn("cmake", done.stdout)


class Machine(unittest.TestCase):
    def test_jobs_are_at_least_one_and_may_be_set(self):
        self.assertGreaterEqual(int(shell("job_count").stdout), 1)
        self.assertEqual(shell("KITH_JOBS=7 job_count").stdout, "7\n")
        scarce = "awk() { echo 100; }; nproc() { echo 64; }; "
        self.assertEqual(shell(scarce + "job_count").stdout, "1\n")
        scarce = scarce.replace("100", "4900")
        self.assertEqual(shell(scarce + "job_count").stdout, "4\n")

    def test_options_are_found_in_both_forms(self):
        script = "has_option --data {} && echo yes || echo no"
        self.assertEqual(shell(script.format("--data x")).stdout, "yes\n")
        self.assertEqual(shell(script.format("--data=x")).stdout, "yes\n")
        self.assertEqual(shell(script.format("--database x")).stdout, "no\n")


class Build(unittest.TestCase):
    def test_progress_is_a_line_for_every_tenth_part_and_errors_stay(self):
        steps = [f"[{i}/100] Building" for i in range(1, 101)] + ["error: x"]
        lines = "\n".join(steps)
        shown = shell(f"every_tenth_part <<'END'\n{lines}\nEND").stdout.splitlines()
        self.assertIn("error: x", shown)
        self.assertIn("[100/100] Building", shown)
        self.assertLess(len(shown), 14)

    def test_a_failing_step_ends_the_verb(self):
        done = shell("timed 'breaking' false; echo reached")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("reached", done.stdout)
        self.assertIn("breaking failed after", done.stderr)


class Fuzz(unittest.TestCase):
    def test_every_target_is_in_one_group(self):
        groups = "codec session mesh config http".split()
        grouped = shell("; ".join(f"fuzz_group {group}" for group in groups)).stdout.split()
        sources = [*ROOT.glob("src/**/*_fuzz.cpp")]
        self.assertTrue(sources)
        targets = sorted(path.stem.removesuffix("_fuzz") for path in sources)
        self.assertEqual(targets, sorted(grouped))

    def test_a_group_that_does_not_exist_is_wrong_usage(self):
        self.assertEqual(dev("fuzz", "--group", "nope").returncode, 2)


class Package(unittest.TestCase):
    def test_depends_on_what_the_program_is_linked_with(self):
        self.assertIn("libc6", shell("packages_linked /bin/true").stdout)


if __name__ == "__main__":
    unittest.main()
