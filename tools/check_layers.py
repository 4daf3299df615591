#!/usr/bin/env python3
"""Refuses an #include or a link that the arrows between the libraries do not allow.

The configure step refuses a wrong DEPS (cmake/TrigpointLibrary.cmake). Debian's headers lie in /usr/include and raw
target_link_libraries goes past the table: this script closes those two holes. It reads the same table.

Usage: tools/check_layers.py [--root DIR]; exit code 1 when something is refused, one line each.
"""
import argparse
import pathlib
import re
import sys

TABLE = "cmake/TrigpointLibrary.cmake"
SOURCE_DIRS = ("libs", "services", "tools", "tests")
SOURCE_SUFFIXES = {".h", ".cc"}

# Which directories may know a technology's types.
HOMES = {
    "rocksdb": ("libs/rocks/", "libs/log/", "libs/store/", "tests/"),
    "librdkafka": ("libs/log/", "tests/"),
}

# A pure library gets time and ids with its input (ARCHITECTURE.md).
IMPURE_HEADERS = re.compile(
    r"^(random|thread|mutex|shared_mutex|condition_variable|future|fstream|iostream|filesystem|unistd\.h"
    r"|sys/.*|fcntl\.h|spdlog/.*|fmt/.*|grpcpp/.*|grpc/.*|yaml-cpp/.*|absl/synchronization/.*|absl/random/.*"
    r"|absl/time/clock\.h|trigpoint/v1/api\..*)$"
)
IMPURE_WORDS = re.compile(
    r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday|getenv|secure_getenv"
    r"|absl::Now|std::rand|random_device|spdlog|grpcpp)\b"
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^">]+)[">]', re.MULTILINE)
COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL
)


def blank(match):
    """Keeps the line numbers."""
    return "\n" * match.group(0).count("\n") or " "


def blank_comments(match):
    text = match.group(0)
    return blank(match) if text.startswith("/") else text


def read_table(root):
    """Reads the arrows: ({library: set of libraries it may use}, set of pure libraries)."""
    text = re.sub(r"#[^\n]*", "", (root / TABLE).read_text(encoding="utf-8"))
    values = {}
    for name, value in re.findall(r"\bset\((\w+)\s+([^)]*)\)", text):
        words = []
        for word in value.replace('"', " ").split():
            reference = re.fullmatch(r"\$\{(\w+)\}", word)
            words += values.get(reference.group(1), []) if reference else [word]
        values[name] = words
    prefix = "trigpoint_may_use_"
    arrows = {name[len(prefix):]: set(words) for name, words in values.items() if name.startswith(prefix)}
    pure = set(values.get("trigpoint_pure", []))
    if not arrows or not pure:
        raise SystemExit(f"{TABLE}: no table of arrows found (trigpoint_may_use_<library>, trigpoint_pure)")
    return arrows, pure


def include_problem(path, header, arrows, pure):
    """Says why the file at `path` (relative, with slashes) must not include `header`; None when it may."""
    technology = header.split("/")[0]
    if technology in HOMES and not path.startswith(HOMES[technology]):
        homes = ", ".join(HOMES[technology]) or "nothing yet"
        return f"includes <{header}>: {technology} is known to {homes} only"
    parts = path.split("/")
    if parts[0] != "libs" or len(parts) < 3:
        return None
    library, part = parts[1], parts[2]
    if library not in arrows:
        return f"libs/{library} has no row in the table of arrows ({TABLE})"
    if header.startswith("../") or "/../" in header:
        return f'includes "{header}": a header outside include/ belongs to its own library'
    if library in pure and part != "tests" and IMPURE_HEADERS.match(header):
        return f"includes <{header}>: libs/{library} is pure"
    ours = re.match(r"trigpoint/(\w+)/", header)
    if ours and ours.group(1) == "v1":
        if library == "base":
            return f'includes "{header}": libs/base knows no messages'
        return None
    if ours and ours.group(1) != library and ours.group(1) not in arrows[library]:
        if part == "tests" and ours.group(1) == "testkit":
            return None
        allowed = ", ".join(sorted(arrows[library])) or "no other library"
        return f'includes "{header}": libs/{library} may use {allowed}'
    return None


def check_source(path, text, arrows, pure):
    """Yields (line, problem) of one source file."""
    code = COMMENT_OR_TEXT.sub(blank_comments, text)
    for match in INCLUDE.finditer(code):
        problem = include_problem(path, match.group(1), arrows, pure)
        if problem:
            yield code.count("\n", 0, match.start()) + 1, problem
    parts = path.split("/")
    if parts[0] == "libs" and len(parts) > 3 and parts[1] in pure and parts[2] != "tests":
        # Headers were judged above; here only words of the code itself.
        words = INCLUDE.sub("", COMMENT_OR_TEXT.sub(blank, text))
        for match in IMPURE_WORDS.finditer(words):
            yield words.count("\n", 0, match.start()) + 1, f"uses {match.group(1)}: libs/{parts[1]} is pure"


def check_cmake(path, text):
    """Yields (line, problem) of a CMakeLists.txt under libs/."""
    code = re.sub(r"#[^\n]*", "", text)
    for match in re.finditer(r"\btarget_link_libraries\s*\(", code):
        yield (
            code.count("\n", 0, match.start()) + 1,
            "target_link_libraries goes past the table of arrows: name it in DEPS or THIRD_PARTY",
        )


def check(root):
    """Returns the problems of the tree at `root`, one line each."""
    arrows, pure = read_table(root)
    problems = []
    for directory in SOURCE_DIRS:
        for file in sorted((root / directory).rglob("*")):
            path = file.relative_to(root).as_posix()
            if file.suffix in SOURCE_SUFFIXES:
                found = check_source(path, file.read_text(encoding="utf-8"), arrows, pure)
            elif directory == "libs" and file.name == "CMakeLists.txt":
                found = check_cmake(path, file.read_text(encoding="utf-8"))
            else:
                continue
            problems += [f"{path}:{line}: {problem}" for line, problem in found]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    problems = check(parser.parse_args().root)
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} refused; the arrows: ARCHITECTURE.md and {TABLE}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
