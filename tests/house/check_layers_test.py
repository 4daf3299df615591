"""check_layers.py refuses what the arrows forbid, and only that."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_layers  # noqa: E402

TABLE = """
set(trigpoint_may_use_base "")
set(trigpoint_may_use_events base)
set(trigpoint_may_use_domain base events) # set(trigpoint_may_use_domain log)
set(trigpoint_may_use_rocks base)
set(trigpoint_may_use_log base events rocks)
set(trigpoint_libraries base events domain rocks log)
set(trigpoint_may_use_testkit ${trigpoint_libraries})
set(trigpoint_pure base events domain)
"""


class CheckLayers(unittest.TestCase):
    def problems(self, path, text):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for name, content in ((check_layers.TABLE, TABLE), (path, text)):
                file = root / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")
            return check_layers.check(root)

    def assert_refused(self, path, text, place, words):
        problems = self.problems(path, text)
        self.assertEqual(len(problems), 1, problems)
        self.assertTrue(problems[0].startswith(place), problems[0])
        self.assertIn(words, problems[0])

    def assert_allowed(self, path, text):
        self.assertEqual(self.problems(path, text), [])

    def test_an_arrow_in_the_table_is_allowed(self):
        self.assert_allowed("libs/domain/src/a.cc", '#include "trigpoint/events/json.h"\n')
        self.assert_allowed("libs/domain/src/a.cc", '#include "trigpoint/domain/a.h"\n')

    def test_an_arrow_that_points_the_wrong_way_is_refused(self):
        self.assert_refused("libs/events/src/a.cc", '\n#include "trigpoint/domain/a.h"\n',
                            "libs/events/src/a.cc:2:", "may use base")

    def test_a_comment_in_the_table_is_not_an_arrow(self):
        self.assert_refused("libs/domain/src/a.cc", '#include "trigpoint/log/event_log.h"\n', "libs/domain/src/a.cc:1:",
                            "may use base, events")

    def test_a_test_follows_the_arrows_of_its_library(self):
        self.assert_refused("libs/log/tests/a_test.cc", '#include "trigpoint/domain/a.h"\n', "libs/log/tests/a_test.cc:1:",
                            "may use")
        self.assert_allowed("libs/domain/tests/a_test.cc", '#include "trigpoint/testkit/given.h"\n')

    def test_the_testkit_may_use_every_library(self):
        self.assert_allowed("libs/testkit/src/a.cc", '#include "trigpoint/log/event_log.h"\n')

    def test_a_library_without_a_row_is_refused(self):
        self.assert_refused("libs/extra/src/a.cc", '#include "trigpoint/base/time.h"\n', "libs/extra/src/a.cc:1:", "no row")

    def test_rocksdb_is_known_to_rocks_log_store_and_tests_only(self):
        for path in ("libs/rocks/src/a.cc", "libs/log/src/a.cc", "libs/log/tests/a_test.cc", "tests/fault/a_test.cc"):
            self.assert_allowed(path, "#include <rocksdb/db.h>\n")
        for path in ("libs/domain/src/a.cc", "services/node/main.cc", "tools/trigpoint/a.cc"):
            self.assert_refused(path, "#include <rocksdb/db.h>\n", path + ":1:", "libs/rocks/, libs/log/, libs/store/, tests/")
        self.assert_refused("libs/domain/src/a.cc", '#include "rocksdb/db.h"\n', "libs/domain/src/a.cc:1:", "rocksdb")

    def test_librdkafka_is_known_to_the_log_alone(self):
        self.assert_refused("libs/store/src/a.cc", "#  include <librdkafka/rdkafka.h>\n", "libs/store/src/a.cc:1:", "librdkafka")

    def test_a_pure_library_includes_no_clock_thread_or_input(self):
        for header in ("random", "thread", "mutex", "fstream", "iostream", "spdlog/spdlog.h", "grpcpp/grpcpp.h",
                       "absl/time/clock.h", "trigpoint/v1/api.pb.h"):
            self.assert_refused("libs/events/src/a.cc", f"#include <{header}>\n", "libs/events/src/a.cc:1:", "pure")
        self.assert_allowed("libs/log/src/a.cc", "#include <thread>\n")

    def test_a_pure_library_reads_neither_clock_nor_environment(self):
        for word in ("std::chrono::system_clock::now()", "std::chrono::steady_clock::now()", 'getenv("HOME")', "absl::Now()"):
            self.assert_refused("libs/domain/src/a.cc", f"int a;\nauto b = {word};\n", "libs/domain/src/a.cc:2:", "pure")

    def test_chrono_durations_and_words_in_comments_and_text_are_allowed(self):
        self.assert_allowed("libs/domain/src/a.cc",
                            '#include <chrono>\n// getenv\n/* system_clock\n*/ auto a = "steady_clock"; std::chrono::hours b;\n')

    def test_an_include_in_a_comment_is_not_an_include(self):
        self.assert_allowed("libs/domain/src/a.cc", '// #include <rocksdb/db.h>\n/*\n#include <thread>\n*/\n')

    def test_tests_of_a_pure_library_may_read_files(self):
        self.assert_allowed("libs/domain/tests/a_test.cc", "#include <fstream>\n")

    def test_base_knows_no_messages(self):
        self.assert_refused("libs/base/src/a.cc", '#include "trigpoint/v1/events.pb.h"\n', "libs/base/src/a.cc:1:", "messages")
        self.assert_allowed("libs/events/src/a.cc", '#include "trigpoint/v1/events.pb.h"\n')

    def test_a_path_out_of_the_library_is_refused(self):
        self.assert_refused("libs/domain/src/a.cc", '#include "../../log/src/marks.h"\n', "libs/domain/src/a.cc:1:", "include/")

    def test_a_raw_link_is_refused(self):
        self.assert_refused("libs/log/CMakeLists.txt", "# target_link_libraries(a b)\n\ntarget_link_libraries (a b)\n",
                            "libs/log/CMakeLists.txt:3:", "target_link_libraries")
        self.assert_allowed("tools/CMakeLists.txt", "target_link_libraries(a b)\n")

    def test_an_empty_table_is_an_error_not_a_pass(self):
        with tempfile.TemporaryDirectory() as directory:
            table = pathlib.Path(directory) / check_layers.TABLE
            table.parent.mkdir(parents=True)
            table.write_text("# nothing\n", encoding="utf-8")
            with self.assertRaises(SystemExit):
                check_layers.check(pathlib.Path(directory))


if __name__ == "__main__":
    unittest.main()
