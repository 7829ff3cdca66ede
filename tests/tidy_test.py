"""Checks what compilers cannot: folder pages, words, exceptions, crash points, links, foreign paths.

Each rule is a function over {path: text} that returns complaints; below, each is run over the tree and
over a bad snippet that it must find. Run: python -m pytest tests/tidy_test.py
"""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Words that do not stand in src/, and what to do instead.
BANNED = {
    r"\b(TODO|FIXME|XXX|HACK)\b": "finish it, or open an issue",
    r"//[^\n]*\bstub(bed|s)?\b": "write the thing, or answer UNIMPLEMENTED by name",
    r"\bnot (yet )?implemented\b": "answer with an error code that clients know",
    r"\bstd::format\b": "fmt::format (the compiler has no std::format)",
    r"\busing namespace std;": "name what is used",
    r"\b(s?rand|random_shuffle)\(": "a seeded generator that is handed in",
    r"\b(gets|strcpy|strcat|sprintf)\(": "a bounded form",
    r"\bstd::(cout|cerr|endl)\b": "the logger; main's own messages go through fmt::print",
}
BANNED_OUTSIDE_TESTS = {r"\bstd::regex\b": "RE2: std::regex can blow up"}
# In tests: they wait for a condition or move the clock.
BANNED_IN_TESTS = {r"\b(sleep_for|sleep_until|usleep|nanosleep|absl::SleepFor)\b": "wait for a condition"}

# Files that wrap a library which throws; nowhere else is an exception caught.
MAY_CATCH = {
    "common/config_yaml.cc": "yaml-cpp",
    "common/logging.cc": "spdlog",
    "meta/json_reader.cc": "nlohmann-json",
    "server/flags.cc": "CLI11",
}

SUFFIXES = (".h", ".cc")
NAMED_FILE = re.compile(r"`([\w./-]+\.(?:h|cc|py|md|txt|case|proto|yaml|yml|cmake|json|csv|sh))`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_words(files):
    complaints = []
    for path, text in sorted(files.items()):
        in_test = path.endswith(("_test.cc", "_test.h"))
        rules = BANNED | (BANNED_IN_TESTS if in_test else BANNED_OUTSIDE_TESTS)
        for pattern, instead in rules.items():
            for match in re.finditer(pattern, text):
                complaints.append(f"{path}:{line_of(text, match.start())}: {match.group()!r}: {instead}")
    return complaints


def check_catch(files, may_catch):
    complaints = []
    for path, text in sorted(files.items()):
        if path in may_catch:
            continue
        code = re.sub(r"//.*", "", text)
        for match in re.finditer(r"\bcatch\s*\(", code):
            complaints.append(f"{path}:{line_of(code, match.start())}: an exception is caught outside the file that wraps its library")
    return complaints


def check_headers(files):
    return [f"{path}: no #pragma once" for path, text in sorted(files.items())
            if path.endswith(".h") and "#pragma once" not in text and not path.endswith("-inl.h")]  # fmt: skip


def check_pages(folders, pages, exists):
    """pages: folder -> text of README.md or None; exists(folder, name) says whether a named path is there."""
    complaints = []
    for folder in sorted(folders):
        text = pages.get(folder)
        if text is None:
            complaints.append(f"src/{folder}: no README.md")
            continue
        if len(text.splitlines()) > 60:
            complaints.append(f"src/{folder}/README.md: longer than one screen (60 lines)")
        for name in NAMED_FILE.findall(text):
            # Generated files, file-name endings and the `foo` of "to add one of these" are no paths.
            if name.endswith(".pb.h") or name.startswith(("-", "foo.", "foo_")):
                continue
            if not exists(folder, name):
                complaints.append(f"src/{folder}/README.md: names {name}, which is not there")
    return complaints


def check_links(pages, exists):
    """pages: path -> text; exists(path, target) says whether a relative target is there."""
    complaints = []
    for path, text in sorted(pages.items()):
        text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        for target in LINK.findall(text):
            if re.match(r"[a-z]+:", target) or target.startswith("#"):
                continue
            if not exists(path, target.split("#")[0]):
                complaints.append(f"{path}: link to {target}, which is not there")
    return complaints


def listed_points(text):
    """Names in kCrashPoints, given in place or through constants."""
    text = re.sub(r"//.*", "", text)
    constants = dict(re.findall(r"(k\w+)\s*=\s*\"([^\"]+)\"", text))
    array = re.search(r"kCrashPoints\[\]\s*=\s*\{(.*?)\};", text, re.DOTALL)
    if not array:
        return None, constants
    names = re.findall(r"\"([^\"]+)\"", array.group(1))
    names += [constants.get(word, word) for word in re.findall(r"\bk[A-Z]\w*", array.group(1))]
    return names, constants


def check_crash_points(files):
    """Every CrashPoint(...) is in its folder's crash_points.h, everything there is passed somewhere."""
    complaints, seen = [], {}
    for folder in sorted({path.split("/")[0] for path in files}):
        own = {p: re.sub(r"//.*", "", t) for p, t in files.items()
               if p.startswith(folder + "/") and not p.endswith(("_test.cc", "crash_points.h"))}  # fmt: skip
        if folder == "common":
            continue  # Declares them.
        passed = []
        for path, text in own.items():
            passed += [(path, argument.strip()) for argument in re.findall(r"\bCrashPoint\(([^()]*)\)", text)]
        header = files.get(f"{folder}/crash_points.h")
        if header is None:
            complaints += [f"{path}: CrashPoint({argument}), but there is no {folder}/crash_points.h" for path, argument in passed]
            continue
        names, constants = listed_points(header)
        if names is None:
            complaints.append(f"{folder}/crash_points.h: no kCrashPoints[]")
            continue
        used = set()
        for path, argument in passed:
            name = argument.strip('"') if argument.startswith('"') else constants.get(argument.split("::")[-1])
            if name is None:
                continue  # A variable: the helper's callers name the constants.
            used.add(name)
            if name not in names:
                complaints.append(f"{path}: crash point {name} is not in {folder}/crash_points.h")
        all_text = "".join(own.values())
        for name in names:
            by_constant = [c for c, value in constants.items() if value == name]
            if name not in used and f'"{name}"' not in all_text and not any(re.search(rf"\b{c}\b", all_text) for c in by_constant):
                complaints.append(f"{folder}/crash_points.h: {name} is passed nowhere")
            if name in seen:
                complaints.append(f"{folder}/crash_points.h: {name} stands in {seen[name]} too")
            seen[name] = folder
    return complaints


def check_foreign(files):
    """Machine paths and registry hosts have no place in the repository."""
    rules = [
        (r"(?<![\w.])/(root|home/\w+|work)/", "a path of one machine"),
        (r"https?://(?:[\w-]+\.)*(registry\.npmjs\.org|pypi\.org|repo1?\.maven\.(?:apache\.)?org|proxy\.golang\.org|deb\.debian\.org)",
         "a registry's host name"),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key"),
    ]  # fmt: skip
    complaints = []
    for path, text in sorted(files.items()):
        for pattern, what in rules:
            for match in re.finditer(pattern, text):
                complaints.append(f"{path}:{line_of(text, match.start())}: {match.group()!r} is {what}")
    return complaints


# --- the tree ---


def report(complaints):
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def folders():
    text = re.sub(r"#.*", "", (ROOT / "src/layers.txt").read_text())
    return [line.split(":")[0].strip() for line in text.splitlines() if ":" in line]


def sources():
    return {str(p.relative_to(ROOT / "src")): p.read_text() for p in (ROOT / "src").rglob("*") if p.suffix in SUFFIXES}


def repository_files():
    """What git holds or would hold."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")  # fmt: skip
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def text_files():
    texts = {}
    for path in repository_files():
        if path.stat().st_size < 1 << 20 and path != pathlib.Path(__file__).resolve():
            try:
                texts[str(path.relative_to(ROOT))] = path.read_text()
            except UnicodeDecodeError:
                pass
    return texts


def test_words():
    report(check_words(sources()))


def test_exceptions_end_where_their_library_is_wrapped():
    report(check_catch(sources(), MAY_CATCH))
    gone = [path for path in MAY_CATCH if path not in sources()]
    assert not gone, f"in MAY_CATCH but not in the tree: {gone}"


def test_headers_are_guarded():
    report(check_headers(sources()))


def test_every_folder_has_a_page_whose_paths_exist():
    pages = {f: (ROOT / "src" / f / "README.md").read_text() for f in folders() if (ROOT / "src" / f / "README.md").exists()}
    def exists(folder, name):
        return any((base / name).exists() for base in (ROOT / "src" / folder, ROOT / "src", ROOT))
    report(check_pages(folders(), pages, exists))


def test_links_in_pages_lead_somewhere():
    pages = {name: text for name, text in text_files().items() if name.endswith(".md")}
    def exists(path, target):
        return (ROOT / path).parent.joinpath(target).exists()
    report(check_links(pages, exists))


def test_crash_points_are_listed():
    report(check_crash_points(sources()))


def test_nothing_of_one_machine_is_in_the_repository():
    report(check_foreign(text_files()))


def test_lock_files_name_no_registry():
    lock = json.loads((ROOT / "tests/clients/node/package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_no_large_file_slips_in():
    large = [str(p.relative_to(ROOT)) for p in repository_files() if p.stat().st_size > 5 << 20]
    assert not large


# --- the rules themselves, on bad snippets ---


@pytest.mark.parametrize("text", ["// TODO: later", "int x;  // FIXME", "// a stub", 'return "not yet implemented";',
                                  "std::format(\"{}\", 1)", "using namespace std;", "std::cout << 1;", "x = rand();"])  # fmt: skip
def test_finds_banned_words(text):
    assert check_words({"index/a.cc": text})


def test_sleeping_is_found_in_tests_only():
    text = "std::this_thread::sleep_for(1ms);"
    assert check_words({"log/a_test.cc": text}) and not check_words({"log/a.cc": text})


def test_good_words_pass():
    assert not check_words({"index/a.cc": "auto stub = NewStub();\n// stubborn, total, operand()\nfmt::format(\"{}\", 1);"})


def test_finds_catch():
    bad = {"index/a.cc": "try { f(); } catch (const std::exception& e) {}"}
    assert check_catch(bad, {}) and not check_catch(bad, {"index/a.cc": "lib"})
    assert not check_catch({"index/a.cc": "// catch (nothing)"}, {})


def test_finds_missing_pages_and_paths():
    assert check_pages(["a"], {}, lambda *_: True) == ["src/a: no README.md"]
    assert check_pages(["a"], {"a": "see `gone.h`"}, lambda *_: False) == ["src/a/README.md: names gone.h, which is not there"]
    assert check_pages(["a"], {"a": "line\n" * 61}, lambda *_: True)
    assert not check_pages(["a"], {"a": "see `here.h`, `*.col`, `a b.h`"}, lambda folder, name: name == "here.h")


def test_finds_dead_links():
    assert check_links({"x.md": "[a](gone.md#part)"}, lambda *_: False)
    assert not check_links({"x.md": "[a](https://example.org) [b](#here) ```[c](gone)```"}, lambda *_: False)


POINTS = 'inline constexpr std::string_view kA = "log.a";\ninline constexpr std::string_view kCrashPoints[] = {kA, "log.b"};'


@pytest.mark.parametrize(
    "body, found",
    [
        ('CrashPoint(kA); CrashPoint("log.b");', 0),
        ('CrashPoint(kA);', 1),
        ('CrashPoint(kA); CrashPoint("log.b"); CrashPoint("log.c");', 1),
        ("", 2),
    ],
)
def test_finds_unlisted_crash_points(body, found):
    assert len(check_crash_points({"log/crash_points.h": POINTS, "log/a.cc": body})) == found


def test_finds_crash_points_without_a_list():
    assert check_crash_points({"log/a.cc": 'CrashPoint("log.a");'})


def test_finds_foreign_paths():
    assert check_foreign({"a.md": "see /ro" + "ot/x", "b.json": "https://regis" + "try.npmjs.org/x"})
    assert not check_foreign({"a.md": "network/ path/home/ groundwork/ $HOME/x"})


# --- the lint file, on bad snippets: one that no longer parses would let everything pass ---

LINT = {
    "readability-identifier-naming": "class bad_name {};",
    "modernize-use-nullptr": "int* p = 0;",
    "google-explicit-constructor": "struct A { A(int x) : x_(x) {} int x_; };",
    "performance-unnecessary-value-param": "#include <string>\nint Size(std::string text) { return static_cast<int>(text.size()); }",
    "bugprone-suspicious-semicolon": "void F(bool b) { if (b); F(b); }",
}


def lint(tmp_path, text):
    tool = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if not tool:
        pytest.skip("clang-tidy is not installed")
    (tmp_path / "snippet.cc").write_text(text + "\n")
    return subprocess.run([tool, f"--config-file={ROOT / '.clang-tidy'}", "snippet.cc", "--", "-std=c++20"],
                          cwd=tmp_path, capture_output=True, text=True)  # fmt: skip


@pytest.mark.parametrize("check", LINT)
def test_the_lint_file_finds(tmp_path, check):
    done = lint(tmp_path, LINT[check])
    assert done.returncode != 0 and check in done.stdout, done.stdout + done.stderr


def test_the_lint_file_lets_good_code_pass(tmp_path):
    done = lint(tmp_path, "namespace elanus {\nclass Kite {\n public:\n  int weight() const { return weight_; }\n\n"
                          " private:\n  int weight_ = 0;\n};\n}  // namespace elanus")  # fmt: skip
    assert done.returncode == 0, done.stdout
