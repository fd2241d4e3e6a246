import tempfile
import unittest
from pathlib import Path

import tree_checks
from checks import check_file
from functions import functions_of
from source import Source

HEADER = "// What it is, and why it exists.\n#pragma once\n"


class Tree(unittest.TestCase):
    """A folder with the files that a test names."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def add(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return Source(self.root, path)

    def findings(self, path, text):
        return [(f.line, f.text) for f in check_file(self.add(path, text))]

    def assert_clean(self, path, text):
        self.assertEqual(self.findings(path, text), [])

    def assert_found(self, path, text, line, reason):
        found = self.findings(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertEqual(found[0][0], line)
        self.assertIn(reason, found[0][1])


class SourceWithoutCommentsAndLiterals(Tree):
    def code(self, text):
        return self.add("a.cpp", text).code

    def test_keeps_the_lines_and_drops_what_is_no_code(self):
        code = self.code('int a; // { \nint b; /* {\n { */ int c;\nauto s = "{ \\" {";\n')
        self.assertEqual(
            [line.strip() for line in code], ["int a;", "int b;", "int c;", 'auto s = "";']
        )

    def test_knows_raw_strings_characters_and_digit_separators(self):
        code = self.code("auto s = R\"x(\" {\n )x\"; char c = '{'; int n = 10'000; f('}');\n")
        self.assertEqual(len(code), 2)
        self.assertNotIn("{", "".join(code))
        self.assertIn("10'000", code[1])


class Functions(unittest.TestCase):
    def functions(self, text):
        return [(f.name, f.parameter_count) for f in functions_of(text.splitlines())]

    def test_finds_members_operators_templates_and_constructors(self):
        text = """
        namespace kith {
        template <typename T, typename U>
        class A : public B<int(int)> {
          public:
            explicit A(int a, std::map<int, int> b) : a_{a}, b_(b) { c(); }
            [[nodiscard]] bool operator()(int a) const noexcept { return a < 1; }
            friend bool operator<(A a, A b) { return true; }
            void declared(int a, int b, int c, int d, int e);
        };
        std::function<void(int, int)> A::f(std::function<void(int, int)> g) { return g; }
        auto trailing(int a, int b) -> std::vector<int> { return {a, b}; }
        constexpr Entry kTable[] = {{"a", f(1)}, {"b", f(2)}};
        }
        """
        self.assertEqual(
            self.functions(text),
            [("A", 2), ("operator()", 1), ("operator<", 2), ("A::f", 1), ("trailing", 2)],
        )

    def test_counts_the_lines_from_the_name_to_the_last_brace(self):
        text = "\nint f(int a,\n      int b) {\n    return a;\n}\n\nint g() { return 1; }\n"
        f, g = functions_of(text.splitlines())
        self.assertEqual((f.first_line, f.last_line, f.line_count), (2, 5, 4))
        self.assertEqual(g.line_count, 1)

    def test_a_member_in_braces_does_not_hide_the_body(self):
        text = "A::A(int a)\n    : a_{a},\n      b_{1} {\n    c();\n    d();\n}\n"
        (function,) = functions_of(text.splitlines())
        self.assertEqual(function.line_count, 6)

    def test_nesting_counts_control_blocks_and_starts_anew_in_a_lambda(self):
        text = """
        void f() {
            if (a) {
                for (auto x : {1, 2}) {
                    switch (x) {
                        case 1: {
                            while (b) {
                            }
                        }
                    }
                }
                run([&](int c) {
                    if (c) {
                    }
                });
            } else {
                Options o{.a = 1};
            }
        }
        """
        (function,) = functions_of(text.splitlines())
        self.assertEqual(function.nesting, 4)

    def test_macros_are_not_functions(self):
        self.assertEqual(self.functions("#define TRY(x) \\\n    do { \\\n    } while (0)\n"), [])


class Limits(Tree):
    def test_a_function_has_at_most_seventy_lines(self):
        body = "    a();\n"
        self.assert_clean("tests/a.cpp", "void f() {\n" + body * 68 + "}\n")
        self.assert_found("tests/a.cpp", "\nvoid f() {\n" + body * 69 + "}\n", 2, "71 lines")

    def test_a_function_has_at_most_four_parameters(self):
        self.assert_clean("tests/a.cpp", "void f(int a, int b, int c, int d) {}\n")
        self.assert_found(
            "tests/a.cpp", "void f(int a, int b, int c, int d, int e) {}\n", 1, "5 par"
        )

    def test_a_line_has_at_most_a_hundred_columns_unless_it_is_an_address(self):
        self.assert_clean("tests/a.cpp", "/" * 100 + "\n")
        self.assert_found("tests/a.cpp", "/" * 101 + "\n", 1, "101 columns")
        self.assert_clean("tests/a.cpp", "// https://example.com/" + "a" * 90 + "\n")

    def test_a_file_has_at_most_a_thousand_lines(self):
        self.assert_clean("tests/a.py", "a\n" * 1000)
        self.assert_found("tests/a.py", "a\n" * 1001, 1, "1001 lines")

    def test_a_python_function_has_at_most_seventy_lines(self):
        self.assert_clean("tools/a.py", "def f():\n" + "    a()\n" * 69)
        self.assert_found("tools/a.py", "def f():\n" + "    a()\n" * 70, 1, "71 lines")

    def test_a_bend_needs_a_reason(self):
        bent = (
            "// style: one table\n// of many rows\nvoid f(int a, int b, int c, int d, int e) {}\n"
        )
        self.assert_clean("tests/a.cpp", bent)
        bare = bent.replace(": one table", ":")
        self.assert_found("tests/a.cpp", bare, 3, "parameters")


class Headers(Tree):
    def test_a_header_has_a_comment_and_pragma_once(self):
        self.assert_clean("src/a.h", HEADER)
        self.assert_found("src/a.h", "#pragma once\n", 1, "starts without a comment")
        self.assert_found("src/a.h", "// What it is, and why it exists.\n", 1, "#pragma once")

    def test_a_cpp_file_needs_a_comment_only_without_a_header(self):
        self.assert_found("src/a.cpp", "int a;\n", 1, "starts without a comment")
        self.add("src/a.h", HEADER)
        self.assert_clean("src/a.cpp", '#include "a.h"\n')
        self.assert_clean("src/b_test.cpp", "int a;\n")

    def test_the_own_header_comes_first_and_alone(self):
        self.add("src/base/a.h", HEADER)
        own = '#include "base/a.h"\n'
        self.assert_clean("src/base/a.cpp", own + '\n#include "base/b.h"\n')
        self.assert_clean("src/base/a_test.cpp", own + "\n#include <vector>\n\n#include <x/y.h>\n")
        self.assert_found("src/base/a.cpp", '#include "base/b.h"\n' + own, 1, "first include")
        self.assert_found("src/base/a.cpp", own + '#include "base/b.h"\n', 2, "no blank line")

    def test_kinds_of_headers_do_not_mix(self):
        mixed = HEADER + "#include <vector>\n#include <boost/a.hpp>\n"
        self.assert_found("src/a.h", mixed, 4, "library headers follow standard headers")
        self.assert_clean("src/a.h", mixed.replace("\n#include <boost", "\n\n#include <boost"))


class Words(Tree):
    def test_names_say_something(self):
        self.assert_found("src/topic_util.h", HEADER, 1, "'util'")
        self.assert_found("src/a.h", HEADER + "class SessionMgr;\n", 3, "SessionMgr")
        self.assert_found("src/a.h", HEADER + "struct NodeInfo {};\n", 3, "NodeInfo")
        self.assert_clean("src/a.h", HEADER + "class Datagram;\nclass Informed;\n")

    def test_unfinished_work_is_named(self):
        # style: these are the words that it finds.
        self.assert_found("a.md", "TODO\n", 1, "does not say")
        self.assert_found("a.md", "a bad hack\n", 1, "'hack'")  # style: as above
        self.assert_clean("a.md", "TODO: split the table, when a second reader needs it\n")

    def test_paths_of_one_machine_are_refused(self):
        for path in ("/home/" + "ann/kith", "/root" + "/x"):
            self.assert_found("a.md", f"see {path}\n", 1, "one machine")
        self.assert_clean("a.md", "see https://example.com/home/a, $HOME/root/b, docs/work/c\n")

    def test_test_names_are_sentences(self):
        self.assert_clean("src/a_test.cpp", "TEST(Topic, HashMatchesParent) {}\n")
        self.assert_found("src/a_test.cpp", "TEST(Topic, Works) {}\n", 1, "sentence")
        self.assert_found("src/a_test.cpp", "TEST_F(Topic, hash_matches) {}\n", 1, "sentence")


class LocksAndClocks(Tree):
    def test_locks_exist_only_in_runtime(self):
        self.assert_clean("src/runtime/a.h", HEADER + "std::mutex m;\n")
        self.assert_found("src/broker/a.h", HEADER + "std::mutex m;\n", 3, "locks exist only")
        self.assert_clean("src/broker/a.h", HEADER + "// no std::mutex here\n")

    def test_clocks_are_read_only_where_time_enters(self):
        now = "auto t = std::chrono::steady_clock::now();\n"
        self.assert_clean("src/runtime/a.h", HEADER + now)
        self.assert_found("src/broker/a.h", HEADER + now, 3, "reads a clock")

    def test_tests_do_not_sleep(self):
        sleep = "std::this_thread::sleep_for(1ms);\n"
        self.assert_found("src/a_test.cpp", sleep, 1, "does not sleep")


class TypeScript(Tree):
    def test_any_and_default_exports_are_refused(self):
        self.assert_clean("console/src/a.ts", "// any of these\nexport const company: Any = 1;\n")
        self.assert_found("console/src/a.ts", "const a: any = 1;\n", 1, "no `any`")
        self.assert_found("console/src/a.ts", "export default 1;\n", 1, "no default")


class TreeChecks(Tree):
    def readmes(self, *paths):
        return [f.path for f in tree_checks.readmes(self.root, list(paths))]

    def test_every_module_has_a_readme_of_some_length(self):
        self.add("src/a/CMakeLists.txt", "kith_module(a)\n")
        self.assertEqual(self.readmes("src/a/CMakeLists.txt"), ["src/a/README.md"])
        self.add("src/a/README.md", "# a\n")
        self.assertEqual(self.readmes("src/a/CMakeLists.txt"), ["src/a/README.md"])
        self.add("src/a/README.md", "line\n" * 20)
        self.assertEqual(self.readmes("src/a/CMakeLists.txt"), [])

    def test_a_library_inside_a_module_may_be_told_there(self):
        self.add("src/a/CMakeLists.txt", "kith_module(a)\n")
        self.add("src/a/b/CMakeLists.txt", "kith_module(a_b)\n")
        self.assertEqual(self.readmes("src/a/b/CMakeLists.txt"), [])

    def test_folders_that_make_no_library_need_none(self):
        self.add("src/CMakeLists.txt", "add_subdirectory(a)\n")
        self.assertEqual(self.readmes("src/CMakeLists.txt"), [])

    def test_notes_name_code_without_a_test(self):
        source = self.add("src/a/b.cpp", "int a;\n" * 50)
        (note,) = tree_checks.notes([source], {"src/a/b.cpp"})
        self.assertIn("no test file", note.text)
        self.assertEqual(tree_checks.notes([source], {"src/a/b.cpp", "src/a/b_test.cpp"}), [])


if __name__ == "__main__":
    unittest.main()
