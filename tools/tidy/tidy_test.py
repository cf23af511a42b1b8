"""Each rule is shown a small tree that breaks it and one that does not: a rule that never complains is worth nothing."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import banned  # noqa: E402
import catalogues  # noqa: E402
import documents  # noqa: E402
import doors  # noqa: E402
import layering  # noqa: E402
import marks  # noqa: E402
import rfc  # noqa: E402
import shape  # noqa: E402
import unused  # noqa: E402
from tree import Tree  # noqa: E402

HEADER = "// What it is.\n#pragma once\n"


class RuleTest(unittest.TestCase):
    def complaints(self, rule, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return [str(complaint) for complaint in rule.check(Tree(root))]

    def refused(self, rule, files, *words):
        found = self.complaints(rule, files)
        self.assertTrue(any(all(word in text for word in words) for text in found), f"{words} not in {found}")

    def accepted(self, rule, files):
        self.assertEqual(self.complaints(rule, files), [])


class Layering(RuleTest):
    def modules(self, **modules):
        files = {}
        for name, call in modules.items():
            path = name.replace("_", "/")
            files[f"src/{path}/CMakeLists.txt"] = call
            files[f"src/{path}/x.h"] = HEADER
        return files

    def test_a_declared_lower_floor_is_fine(self):
        files = self.modules(formats_date="module()", mail_queue="module(USES formats/date LIBRARIES z)")
        files["src/mail/queue/x.cc"] = '#include "formats/date/x.h"\n// #include "mail/none.h"\n'
        self.accepted(layering, files)

    def test_an_undeclared_include(self):
        files = self.modules(formats_date="module()", mail_queue="module()")
        files["src/mail/queue/x.cc"] = '\n#include "formats/date/x.h"\n'
        self.refused(layering, files, "src/mail/queue/x.cc:2", "Add formats/date to USES")

    def test_a_test_may_use_its_own_uses_and_others_may_not(self):
        files = self.modules(formats_date="module()", mail_queue="module(TEST_USES formats/date)")
        files["src/mail/queue/x_test.cc"] = '#include "formats/date/x.h"\n'
        self.accepted(layering, files)
        files["src/mail/queue/x.cc"] = '#include "formats/date/x.h"\n'
        self.refused(layering, files, "x.cc:1", "without declaring")

    def test_programs_declare_their_uses_and_test_folders_are_tests(self):
        files = self.modules(system_store="module()", system_store_load="pidge_program(store_load USES system/store)",
                             system_store_memory="module(TEST_SUITES system/store/conformance)",
                             system_store_conformance="module(USES system/store)")
        files["src/system/store/load/load.cc"] = '#include "system/store/x.h"\n'
        files["src/system/store/conformance/y.cc"] = '#include "system/store/x.h"\n'
        files["src/system/store/memory/x_test.cc"] = '#include "system/store/conformance/x.h"\n'
        self.accepted(layering, files)
        self.accepted(unused, {"src/program/CMakeLists.txt": "pidge_program(pidge)", "src/program/main.cc": "int main() {}\n"})
        self.accepted(banned, {"src/system/store/conformance/y.cc": "auto a = getenv(b);\n"})
        files["src/system/store/load/CMakeLists.txt"] = "pidge_program(store_load)"
        self.refused(layering, files, "load.cc:1", "without declaring")

    def test_a_higher_floor(self):
        files = self.modules(mail_queue="module()", formats_date="module(USES mail/queue)")
        files["src/formats/date/y.cc"] = '#include "mail/queue/x.h"\n'
        self.refused(layering, files, "higher floor")
        files["src/formats/date/CMakeLists.txt"] = "module()"
        self.refused(layering, files, "out of reach")

    def test_protocols_and_mail_are_strangers(self):
        files = self.modules(mail_queue="module()", protocols_smtp="module(USES mail/queue)")
        files["src/protocols/smtp/y.cc"] = '#include "mail/queue/x.h"\n'
        self.refused(layering, files, "never see each other")

    def test_circles_and_names_that_are_no_module(self):
        files = self.modules(formats_a="module(USES formats/b)", formats_b="module(USES formats/a)")
        self.refused(layering, files, "circle")
        self.refused(layering, self.modules(formats_a="module(USES formats/c)"), "no module")
        self.refused(layering, self.modules(attic_a="module()"), "no floor")

    def test_a_use_that_is_not_used(self):
        self.refused(layering, self.modules(formats_a="module(USES formats/b)", formats_b="module()"), "includes nothing")

    def test_a_header_that_is_not_there(self):
        files = self.modules(formats_a="module()")
        files["src/formats/a/y.cc"] = '#include "x.h"\n'
        self.refused(layering, files, "no file of src")


class Doors(RuleTest):
    def test_a_library_outside_its_room(self):
        for include in ("boost/asio/post.hpp", "boost/json.hpp", "rocksdb/db.h", "openssl/ssl.h", "sodium.h", "unbound.h",
                        "CLI/CLI.hpp", "toml++/toml.h", "idn2.h", "unicode/uchar.h", "boost/variant.hpp", "curl/curl.h"):
            self.refused(doors, {"src/mail/queue/x.cc": f"#include <{include}>\n"}, include, "outside its room")

    def test_a_library_in_its_room(self):
        self.accepted(doors, {"src/system/net/x.cc": "#include <boost/asio/post.hpp>\n",
                              "src/system/crypto/x.cc": "#include <openssl/evp.h>\n#include <sodium.h>\n",
                              "src/formats/json/x.cc": "#include <boost/json.hpp>\n",
                              "src/formats/text/x.cc": "#include <unicode/uchar.h>\n"})

    def test_a_library_seen_through_a_header_of_its_room(self):
        files = {"src/system/tls/inner.h": HEADER + "#include <openssl/ssl.h>\n",
                 "src/system/tls/x.h": HEADER + '#include "system/tls/inner.h"\n',
                 "src/system/tls/x.cc": '#include "system/tls/inner.h"\n',
                 "src/mail/y.cc": "\n"}
        self.accepted(doors, files)
        files["src/mail/y.cc"] = '#include "system/tls/x.h"\n'
        self.refused(doors, files, "inner.h:3", "seen from outside")

    def test_only_two_headers_show_awaitable(self):
        use = {"src/mail/y.cc": '#include "system/net/task.h"\n#include "system/net/other.h"\n'}
        include = HEADER + "#include <boost/asio/awaitable.hpp>\n"
        self.accepted(doors, use | {"src/system/net/task.h": include})
        self.refused(doors, use | {"src/system/net/other.h": include}, "other.h:3")

    def test_fmt_in_a_header(self):
        self.refused(doors, {"src/base/x.h": HEADER + "#include <fmt/core.h>\n"}, "x.h:3", "fmt/core.h")
        self.accepted(doors, {"src/base/x.cc": "#include <fmt/core.h>\n"})


class Banned(RuleTest):
    def test_calls(self):
        for code in ("strcpy(a, b);", "std::sprintf(a, b);", "system(a);", "::popen(a, b);", "int n = atoi(a);", "gets(a);",
                     "std::rand();", "strtok(a, b);", "std::regex r;", "thread.detach();", "std::stoi(a);", "assert(x);",
                     "std::cout << 1;", "auto t = std::chrono::system_clock::now();", "usleep(3);", "isdigit(c);", "return time(nullptr);",
                     "x = a * time(0);", "std::this_thread::sleep_for(1s);", "x = a && time(0);"):
            self.refused(banned, {"src/mail/x.cc": f"void f() {{\n    {code}\n}}\n"}, "x.cc:2")

    def test_words_in_comments_and_texts_and_longer_names(self):
        self.accepted(banned, {"src/mail/x.cc": '// system("rm") is not used\nauto a = "gets(x)"; f.system(); my_rand(); co_await net::sleep_for(1s);\n'
                                                'auto b = R"(strcpy(a, b))"; int c = 1\'000; char d = \'"\'; brand(); \n'})

    def test_an_excuse_needs_a_reason(self):
        self.accepted(banned, {"src/mail/x.cc": 'a = getenv("A");  // tidy: read once, before main\n'
                                                '// tidy: the fault suite ends the process here\n_exit(1);\n'})
        self.refused(banned, {"src/mail/x.cc": 'a = getenv("A");  // tidy: ok\n'}, "getenv")

    def test_a_function_of_ours_may_have_the_name(self):
        self.accepted(banned, {"src/mail/x.h": "WallTime time() const;\nconst A& time(int a);\nstd::vector<int> time(A a);\n"})

    def test_headers(self):
        self.refused(banned, {"src/mail/x.cc": "#include <regex>\n"}, "<regex>")
        self.refused(banned, {"src/mail/x.cc": "#include <iostream>\n"}, "<iostream>")
        self.refused(banned, {"src/mail/x.h": HEADER + "using namespace std;\n"}, "x.h:3")

    def test_where_it_is_allowed(self):
        self.accepted(banned, {"src/base/clock.cc": "auto t = std::chrono::system_clock::now();\n",
                               "src/mail/x_test.cc": "std::this_thread::sleep_for(1ms);\n"})


class Shape(RuleTest):
    def test_file_sizes(self):
        self.refused(shape, {"src/mail/x.cc": "int a;\n" * 501}, "501 lines", "500")
        self.accepted(shape, {"src/mail/x.cc": "int a;\n" * 500, "src/mail/x_test.cc": "int a;\n" * 800})
        self.refused(shape, {"src/mail/x_test.cc": "int a;\n" * 801}, "800")
        self.refused(shape, {"src/mail/README.md": "a\n" * 41}, "40")

    def test_function_sizes(self):
        def function(lines, indent=""):
            return f"{indent}void f(int a) {{\n" + f"{indent}    g({{1}});\n" * lines + indent + "}\n"
        self.accepted(shape, {"src/mail/x.cc": "namespace a {\n" + function(70) + function(70) + "}\n"})
        self.refused(shape, {"src/mail/x.cc": "namespace a {\n" + function(71) + "}\n"}, "x.cc:2", "71 lines")
        self.refused(shape, {"src/mail/x.h": HEADER + "class A {\n" + function(71, "    ") + "};\n"}, "71 lines")

    def test_width(self):
        self.refused(shape, {"src/mail/x.cc": "\n// " + "word " * 20 + "\n"}, "x.cc:2", "columns")
        self.accepted(shape, {"src/mail/x.cc": "auto a = R\"(\n" + "word " * 30 + "\n)\";\n// see https://a.test/" + "a " * 60 + "\n"})

    def test_how_a_header_begins(self):
        self.refused(shape, {"src/mail/x.h": "#pragma once\n"}, "does not say")
        self.refused(shape, {"src/mail/x.h": "// A.\n#ifndef A\n"}, "x.h:2", "pragma once")
        self.accepted(shape, {"src/mail/x.h": HEADER})


class Unused(RuleTest):
    def test_headers_and_sources(self):
        self.refused(unused, {"src/mail/x.h": HEADER}, "no file includes")
        self.refused(unused, {"src/mail/x.cc": ""}, "no module compiles")
        self.accepted(unused, {"src/mail/CMakeLists.txt": "module()", "src/mail/x.h": HEADER,
                               "src/mail/x.cc": '#include "mail/x.h"\n'})

    def test_a_corpus_without_its_target(self):
        self.refused(unused, {"src/mail/a_fuzz/seed": "x"}, "corpus")
        self.refused(unused, {"src/mail/a_fuzz.dict": "x"}, "dictionary")


class Documents(RuleTest):
    TOOL = {"tools/dev/build": "# build [--fast]\n", "src/program/main.cc": 'add("--data");\n'}

    def test_paths(self):
        self.refused(documents, self.TOOL | {"README.md": "a\nSee `tools/dev/none`.\n"}, "README.md:2", "tools/dev/none")
        self.accepted(documents, self.TOOL | {"README.md": "`tools/dev/build` `src/program` `src/<name>/x.h` `a/b` `build/debug/x`\n"})

    def test_verbs_and_options(self):
        self.refused(documents, self.TOOL | {"README.md": "`./dev fly`\n"}, "no ./dev fly")
        self.refused(documents, self.TOOL | {"README.md": "```\n./dev build --slow\n```\n"}, "--slow")
        self.refused(documents, self.TOOL | {"README.md": "`pidge serve --nowhere x`\n"}, "--nowhere")
        self.accepted(documents, self.TOOL | {"README.md": "`./dev build --fast` `pidge --data x` `./dev build|build`\n"})

    def test_paths_of_a_machine_and_hosts_of_registries(self):
        self.refused(documents, {"tools/x.sh": "\ncd /wor" + "k/tree\n"}, "x.sh:2", "one machine")
        self.refused(documents, {"tools/x.sh": "get https://regis" + "try.example.test/a\n"}, "registry")
        self.refused(documents, {"web/package-lock.json": '"resolved": "https:' + '//a.test/x.tgz"\n'}, "registry")


class Catalogues(RuleTest):
    EVENT = 'inline constexpr log::Event gone{"disk-full", log::Level::error,\n    "No room, "\n    "none.", "Add a disk."};\n'
    METRIC = 'metrics::Counter accepted{"pidge_accepted_total", "Messages | answered.", "listener", "mx"};\n'

    def test_the_documents_are_made_from_the_code(self):
        files = {"src/mail/x.h": HEADER + self.EVENT, "src/mail/x.cc": self.METRIC}
        self.refused(catalogues, files, "--fix")
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            catalogues.fix(Tree(root))
            tree = Tree(root)
            self.assertEqual(list(catalogues.check(tree)), [])
            self.assertIn("| `disk-full` | error | No room, none. | Add a disk. | `src/mail` |", tree.text(catalogues.EVENTS))
            self.assertIn("| `pidge_accepted_total` | counter | listener=mx | Messages \\| answered. | `src/mail` |",
                          tree.text(catalogues.METRICS))

    def test_declarations_that_break_the_rules(self):
        self.refused(catalogues, {"src/mail/x.h": self.EVENT, "src/mail/y.h": self.EVENT}, "also declared")
        self.refused(catalogues, {"src/mail/x.h": self.EVENT.replace("disk-full", "Disk_Full")}, "lower-case")
        self.refused(catalogues, {"src/mail/x.h": "constexpr log::Event gone{make_it()};\n"}, "cannot be read")
        self.refused(catalogues, {"src/mail/x.cc": self.METRIC.replace("pidge_accepted_total", "pidge_accepted")}, "_total")


class Rfcs(RuleTest):
    TABLE = "| RFC | title | status | folder |\n|---|---|---|---|\n| 5321 | SMTP | Part | `src/smtp` |\n"

    def test_the_table_and_the_code(self):
        code = {"src/smtp/x.cc": "// RFC 5321 §4.1.2, §4.5.3: what follows\n"}
        self.accepted(rfc, code | {"docs/rfc.md": self.TABLE})
        self.refused(rfc, {"src/smtp/x.cc": "\n// RFC 5322 §3: x\n", "docs/rfc.md": self.TABLE}, "x.cc:2", "5322")
        self.refused(rfc, {"docs/rfc.md": self.TABLE}, "no folder src/smtp")
        self.refused(rfc, code | {"docs/rfc.md": self.TABLE + self.TABLE}, "twice")
        self.refused(rfc, code | {"docs/rfc.md": self.TABLE.replace("Part", "Maybe")}, "Maybe")
        self.refused(rfc, code | {"docs/rfc.md": self.TABLE.replace("SMTP", "")}, "no title")

    def test_references_are_read_by_section(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "src"))
            with open(os.path.join(root, "src/x.cc"), "w", encoding="utf-8") as file:
                file.write("// RFC 5321 §4.1.2, §4.5.3: a; RFC 5322 and RFC 3463 §2\n")
            found = [(reference.rfc, reference.section) for reference in rfc.references(Tree(root))]
        self.assertEqual(found, [(5321, "4.1.2"), (5321, "4.5.3"), (5322, ""), (3463, "2")])


class Marks(RuleTest):
    PAGES = {"docs/attacks.md": "| | attack |\n|---|---|\n| F01 | a |\n", "docs/requirements.md": "| J7, J8 | b |\n"}

    def test_marks_have_rows(self):
        self.accepted(marks, self.PAGES | {"src/mail/x_test.cc": 'TEST_CASE("[F01, J8] it holds")\n// (attacks.md F01).\nint a = b[N1];\n'})
        self.refused(marks, self.PAGES | {"tests/e2e/x.py": '\n"""[J7, J9] it holds"""\n'}, "x.py:2", "J9", "requirements.md")
        self.refused(marks, self.PAGES | {"src/mail/x.h": "// reads (attacks.md\n// F01, F02).\n"}, "x.h:1", "F02")


class Program(RuleTest):
    def test_the_exit_code_tells(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "src/mail"))
            with open(os.path.join(root, "src/mail/x.cc"), "w", encoding="utf-8") as file:
                file.write("int main() { return atoi(0); }\n")
            done = subprocess.run([sys.executable, HERE, "--root", root], stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"atoi", done.stdout)


if __name__ == "__main__":
    unittest.main()
