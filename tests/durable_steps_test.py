"""Every durable step is a crash point (row R3 of the reliability goals).

All that a server keeps goes through three doors: the log, the object store on local files, and the catalog.
This test holds the doors shut - nothing else may touch a file system or sync a file - and looks beside each
step within them for a named crash point, so that a new step without one fails here. tests/crash stops a
server at each of the points by name. Run: python -m pytest tests/durable_steps_test.py
"""

import pathlib
import re

SRC = pathlib.Path(__file__).resolve().parents[1] / "src"

# The doors. Below them, storage/*_file_system.cc is what the steps are made of.
DOORS = ("log/", "storage/local_object_store.cc", "meta/sqlite_meta_store.cc")
PRIMITIVES = re.compile(r"storage/(posix|memory|fault)_file_system|storage/(file_system|crash_states|fault_file)")
NOT_SERVED = re.compile(r"_(test|fuzz|bench)\.cc$|_for_test\.h$|_test\.h$|/make_seeds\.cc$")

STEP = re.compile(r"\b(files?_?|\(\*file\))(\.|->)(Create|Append|Sync|Rename|Remove|Truncate|SyncDirectory)\(|commit_\.Run\(")
# What is given up without harm when it fails or is undone by a crash.
BEST_EFFORT = re.compile(r"IgnoreError\(\)")
RAW = re.compile(r"::(fsync|fdatasync|rename|unlink|ftruncate|pwrite|pwritev|open|openat)\(|\bofstream\b|\bfopen\([^)]*\"[wa]")
NEAR = 9  # Lines; a step and its point stand in one function.
# Functions that pass their points around a step they are handed.
PASSES = ("CrashPoint(", "RemovePath(")

# Files outside the doors that may touch files themselves, and why.
ALLOWED = {
    "cache/sparse_file.cc": "copies of blocks of objects, compared with their checksums whenever they are read",
    "storage/local_copy.cc": "copies of objects and files being put together, worth nothing after a crash",
    "meta/sqlite_meta_store.cc": "makes the catalog's folder durable once, when it is created",
}


def served_sources():
    for path in sorted(SRC.rglob("*")):
        name = path.relative_to(SRC).as_posix()
        if path.suffix in (".cc", ".h") and not NOT_SERVED.search(name) and not PRIMITIVES.search(name):
            yield name, path.read_text()


def steps_without_point(text):
    """Numbers of lines with a durable step that no crash point stands near."""
    lines = text.splitlines()
    points = [i for i, line in enumerate(lines) if any(name in line for name in PASSES)]
    missing = []
    for i, line in enumerate(lines):
        if STEP.search(line) and not BEST_EFFORT.search(line) and not any(abs(i - at) <= NEAR for at in points):
            missing.append(i + 1)
    return missing


def test_finds_a_step_without_a_point():
    step = "  ELANUS_RETURN_IF_ERROR(file->Sync());\n"
    assert steps_without_point(step) == [1]
    assert steps_without_point('  CrashPoint("a.b");\n' + step) == []
    assert steps_without_point("  files_.Remove(path).IgnoreError();\n") == []


def test_every_durable_step_is_beside_a_crash_point():
    complaints = []
    for name, text in served_sources():
        if name.startswith(DOORS):
            complaints += [f"src/{name}:{line}: a durable step without a crash point" for line in steps_without_point(text)]
    assert not complaints, "\n".join(complaints)


def test_nothing_else_touches_files():
    complaints = []
    for name, text in served_sources():
        if name in ALLOWED:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            outside = not name.startswith(DOORS)
            if RAW.search(line) or (outside and STEP.search(line)):
                complaints.append(f"src/{name}:{number}: touches files past the log, the object store and the catalog")
    assert not complaints, "\n".join(complaints)
