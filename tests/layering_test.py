"""Holds src/layers.txt, every #include and every CMake USES together.

A line of layers.txt may name only lines above it, so the folders form an acyclic graph by construction;
a file may include only its own folder and what its line names. Run: python -m pytest tests/layering_test.py
"""

import pathlib
import re

import pytest

SRC = pathlib.Path(__file__).resolve().parents[1] / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def parse_layers(text):
    """folder -> set of folders it may use ('*' for all); complaints about the list itself."""
    layers, complaints = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, _, used = line.partition(":")
        used = set(used.split())
        if folder in layers:
            complaints.append(f"layers.txt:{number}: {folder} stands here twice")
        for name in sorted(used - {"*"} - set(layers)):
            complaints.append(f"layers.txt:{number}: {folder} names {name}, which is not above it")
        layers[folder] = set(layers) if "*" in used else used
    return layers, complaints


def folder_of(include, folders):
    if include.endswith(".pb.h"):
        return "proto"
    first = include.split("/")[0]
    return first if "/" in include and first in folders else None


def check_includes(layers, files):
    """files: path relative to src -> text."""
    complaints = []
    for path, text in sorted(files.items()):
        own = path.split("/")[0]
        if own not in layers:
            complaints.append(f"{path}: folder {own} is not in layers.txt")
            continue
        for match in INCLUDE.finditer(text):
            used = folder_of(match.group(1), layers)
            if used and used != own and used not in layers[own]:
                line = text.count("\n", 0, match.start(1)) + 1
                complaints.append(f"{path}:{line}: {own} may not include {match.group(1)} (layers.txt)")
    return complaints


def check_uses(layers, lists, stars=()):
    """lists: folder -> text of its CMakeLists.txt; stars: folders with `*`, which need not use all."""
    complaints = []
    for folder, text in sorted(lists.items()):
        text = re.sub(r"#.*", "", text)
        for variable, value in re.findall(r"\bset\((\w+)\s+([^()]*)\)", text):
            text = text.replace("${" + variable + "}", value)
        for call in re.findall(r"elanus_library\(([^)]*)\)", text):
            words = call.split()
            if not words or words[0] != folder or folder not in layers:
                complaints.append(f"{folder}/CMakeLists.txt: elanus_library({words[0] if words else ''}) is not its folder")
                continue
            keywords = {"SRCS", "USES", "LIBS", "TESTS", "BENCHES", "FUZZERS", "TEST_LIBS"}
            sections, current = {}, None
            for word in words[1:]:
                if word in keywords:
                    current = word
                else:
                    sections.setdefault(current, []).append(word)
            used = set(sections.get("USES", []))
            if used != layers[folder] and not (folder in stars and used <= layers[folder]):
                more, less = sorted(used - layers[folder]), sorted(layers[folder] - used)
                complaints.append(f"{folder}/CMakeLists.txt: USES differs from layers.txt: too many {more}, missing {less}")
            for word in sections.get("LIBS", []) + sections.get("TEST_LIBS", []):
                if word.startswith("elanus_"):
                    complaints.append(f"{folder}/CMakeLists.txt: {word} belongs into USES")
    return complaints


# --- the tree ---


def report(complaints):
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture(scope="module")
def layers():
    return parse_layers((SRC / "layers.txt").read_text())[0]


def test_layers_name_only_what_stands_above():
    assert not parse_layers((SRC / "layers.txt").read_text())[1]


def test_every_folder_is_listed_and_there(layers):
    assert sorted(p.name for p in SRC.iterdir() if p.is_dir()) == sorted(layers)


def test_no_include_points_upward(layers):
    files = {str(p.relative_to(SRC)): p.read_text() for p in SRC.rglob("*") if p.suffix in (".h", ".cc")}
    assert files, "no sources found"
    report(check_includes(layers, files))


def test_cmake_uses_repeat_the_layers(layers):
    lists = {p.parent.name: p.read_text() for p in SRC.glob("*/CMakeLists.txt")}
    stars = re.findall(r"^(\w+):\s*\*", (SRC / "layers.txt").read_text(), re.MULTILINE)
    report(check_uses(layers, lists, stars))


# --- the test itself, on bad snippets ---

SMALL = "common:\nproto:\nindex: common # comment\nsegment: common index\nserver: *\n"


def test_finds_a_line_that_names_what_is_below():
    assert parse_layers("a: b\nb:\n")[1] == ["layers.txt:1: a names b, which is not above it"]
    assert parse_layers("a:\na:\n")[1] == ["layers.txt:2: a stands here twice"]
    assert parse_layers(SMALL)[1] == []


@pytest.mark.parametrize(
    "path, text, found",
    [
        ("index/x.cc", '#include "segment/segment.h"\n', 1),
        ("index/x.cc", '\n  #  include "segment/segment.h"', 1),
        ("index/x.cc", '#include "milvus.pb.h"\n', 1),
        ("segment/x_test.cc", '#include "server/main.h"\n', 1),
        ("nowhere/x.cc", "", 1),
        ("index/x.cc", '#include "common/status.h"\n#include "index/y.h"\n#include <segment/x.h>\n', 0),
        ("server/x.cc", '#include "segment/segment.h"\n#include "milvus.pb.h"\n', 0),
    ],
)
def test_finds_upward_includes(path, text, found):
    layers, _ = parse_layers(SMALL)
    assert len(check_includes(layers, {path: text})) == found


@pytest.mark.parametrize(
    "text, found",
    [
        ("elanus_library(segment SRCS a.cc USES common index)", 0),
        ("set(ALL common index) elanus_library(segment SRCS a.cc USES ${ALL})", 0),
        ("elanus_library(segment SRCS a.cc USES common)", 1),
        ("elanus_library(segment SRCS a.cc USES common index server)", 1),
        ("elanus_library(segment SRCS a.cc USES common index LIBS elanus_server)", 1),
        ("elanus_library(other SRCS a.cc)", 1),
    ],
)
def test_finds_wrong_uses(text, found):
    layers, _ = parse_layers(SMALL)
    assert len(check_uses(layers, {"segment": text})) == found
