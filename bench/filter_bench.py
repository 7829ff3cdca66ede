"""Filters over generated rows, one thread, beside DuckDB's count(*) on the same columns.

    scripts/build release filter_driver
    pip install duckdb numpy pyarrow
    python bench/filter_bench.py --rows 10000000

Rows come from a hash of their number, so they are the same every time. Our side is one sealed
segment with column files as a flush writes them, evaluated to a bitset; DuckDB's is a table in
memory, `set threads = 1`. Both report the best of several runs.
"""

import argparse
import json
import pathlib
import re
import subprocess
import time

import duckdb
import numpy
import pyarrow

# name, type here, DuckDB expression of the row number `r` and its hashes h(1), h(2)...
COLUMNS = [
    ("id", "Int64", "r"),
    ("i8", "Int8", "(h(1) % 100)::TINYINT"),
    ("i16", "Int16", "(h(2) % 1000)::SMALLINT"),
    ("i32", "Int32", "(h(3) % 1000000)::INTEGER"),
    ("i64", "Int64", "(h(4) % 1000000000000)::BIGINT"),
    ("n64", "Int64", "CASE WHEN h(5) % 10 > 0 THEN (h(6) % 1000)::BIGINT END"),
    ("f", "Float", "((h(7) % 1000000) / 1e6)::FLOAT"),
    ("d", "Double", "(h(8) % 1000000) / 1e6"),
    ("b", "Bool", "h(9) % 2 = 0"),
    ("low", "VarChar", "'category-' || (h(10) % 100)"),
    ("high", "VarChar", "'user-' || (h(11) % 1000000) || '@host-' || (h(12) % 1000) || '.example'"),
    ("j", "JSON shredded", """'{"name": "item ' || r || '", "price": ' || (h(13) % 1000) || ', "on": true}'"""),
    ("k", "JSON", """'{"name": "item ' || r || '", "price": ' || (h(13) % 1000) || ', "on": true}'"""),
    ("a", "Array Int32", "[(h(14) % 100)::INTEGER, (h(15) % 100)::INTEGER, (h(16) % 100)::INTEGER]"),
]

IN_CLOSE = "[" + ", ".join(str(i * 7) for i in range(100)) + "]"
IN_FAR = "[" + ", ".join(str(i * 9_999_991) for i in range(100)) + "]"
IN_TEXT = "[" + ", ".join(f"'user-{i}@host-{i % 1000}.example'" for i in range(100)) + "]"


def as_sql(filter_text):
    return filter_text.replace("==", "=").replace("[", "(").replace("]", ")")


# name, filter, DuckDB's condition (None: the same but for spelling), bytes a row that must be read.
FILTERS = [
    ("int8 range", "10 <= i8 < 30", "i8 >= 10 AND i8 < 30", 1),
    ("int16 range", "100 <= i16 < 300", "i16 >= 100 AND i16 < 300", 2),
    ("int32 less, 1 %", "i32 < 10000", None, 4),
    ("int32 range, 50 %", "200000 <= i32 < 700000", "i32 >= 200000 AND i32 < 700000", 4),
    ("int64 range, 1 %", "0 <= i64 < 10000000000", "i64 >= 0 AND i64 < 10000000000", 8),
    ("int64 with nulls, less", "n64 < 500", None, 8.125),
    ("float greater", "f > 0.9", "f > 0.9::FLOAT", 4),
    ("double range", "0.2 < d < 0.3", "d > 0.2 AND d < 0.3", 8),
    ("int8 equal", "i8 == 42", None, 1),
    ("int32 equal", "i32 == 4242", None, 4),
    ("int64 not equal", "i64 != 4242", None, 8),
    ("bool equal", "b == true", None, 1),
    ("int32 in 5", "i32 in [1, 20, 300, 4000, 50000]", None, 4),
    ("int16 in 100, close", f"i16 in {IN_CLOSE}", None, 2),
    ("int32 in 100, close", f"i32 in {IN_CLOSE}", None, 4),
    ("int64 in 100, far", f"i64 in {IN_FAR}", None, 8),
    ("and of three", "i32 < 500000 and i16 >= 100 and d < 0.5", None, 14),
    ("and of three, 1 % first", "d < 0.5 and i16 >= 100 and i32 < 10000", None, 14),
    ("or of three", "i8 == 3 or i32 < 1000 or f > 0.99", None, 9),
    ("arithmetic", "i64 % 7 == 3", None, 8),
    ("clustered id, 1 %", "5000000 <= id < 5100000", "id >= 5000000 AND id < 5100000", 0.08),
    ("varchar equal, low", "low == 'category-7'", None, 20),
    ("varchar equal, high", "high == 'user-77@host-77.example'", None, 32),
    ("varchar in 3", "low in ['category-7', 'category-77', 'category-9']", None, 20),
    ("varchar in 100", f"high in {IN_TEXT}", None, 32),
    ("varchar range", "'user-3' <= high < 'user-4'", "high >= 'user-3' AND high < 'user-4'", 32),
    ("like prefix", "high like 'user-77%'", None, 32),
    ("like infix", "high like '%host-77%'", None, 32),
    ("like suffix", "high like '%7.example'", None, 32),
    ("like general", "high like 'user-7%host-_7.%'", None, 32),
    ("json compare, in texts", 'k["price"] < 10', "(k->>'$.price')::BIGINT < 10", 55),
    ("json compare, shredded", 'j["price"] < 10', "(j->>'$.price')::BIGINT < 10", 8),
    ("json text equal, shredded", 'j["name"] == "item 77"', "j->>'$.name' = 'item 77'", 22),
    ("json exists, shredded", 'exists j["price"] and j["on"] == true',
     "json_exists(j, '$.price') AND (j->>'$.on')::BOOLEAN = true", 1),
    ("array contains", "array_contains(a, 42)", "list_contains(a, 42)", 24),
]


def make_table(connection, rows):
    items = ", ".join(f"{sql} AS {name}" for name, _, sql in COLUMNS)
    items = re.sub(r"\bh\((\d+)\)", r"(hash(r * 64 + \1) >> 4)", items)
    connection.execute(f"CREATE TABLE t AS SELECT {items} FROM range({rows}) AS source(r)")


def words_of(valid):
    packed = numpy.packbits(valid, bitorder="little")
    return numpy.pad(packed, (0, -len(packed) % 8)).tobytes()


def write_texts(stem, array):
    array = array.cast(pyarrow.large_string())
    _, offsets, data = array.buffers()
    stem.with_suffix(".offsets").write_bytes(offsets.to_pybytes()[: (len(array) + 1) * 8])
    stem.with_suffix(".values").write_bytes(data.to_pybytes())


def write_arrays(stem, array):
    """count:uint32, then the int32 elements: src/schema/array_value.h."""
    per_row = len(array.values) // len(array)
    out = numpy.empty((len(array), per_row + 1), dtype=numpy.int32)
    out[:, 0] = per_row
    out[:, 1:] = array.values.to_numpy().reshape(len(array), per_row)
    stem.with_suffix(".values").write_bytes(out.tobytes())
    step = 4 * (per_row + 1)
    offsets = numpy.arange(0, (len(array) + 1) * step, step, dtype=numpy.uint64)
    stem.with_suffix(".offsets").write_bytes(offsets.tobytes())


def write_columns(connection, folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    lines = [str(rows)]
    for name, kind, _ in COLUMNS:
        stem = folder / name
        table = connection.sql(f"SELECT {name} FROM t").to_arrow_table()
        array = table.column(0).combine_chunks()
        if isinstance(array, pyarrow.ChunkedArray):
            array = pyarrow.concat_arrays(array.chunks)
        if array.null_count:
            stem.with_suffix(".validity").write_bytes(words_of(array.is_valid().to_numpy(False)))
            array = array.fill_null(0)
        if kind.split()[0] in ("VarChar", "JSON"):
            write_texts(stem, array)
        elif kind.startswith("Array"):
            write_arrays(stem, array)
        else:
            stem.with_suffix(".values").write_bytes(array.to_numpy(False).tobytes())
        lines.append(f"{name} {kind}")
    (folder / "columns.txt").write_text("\n".join(lines) + "\n")


def run_ours(driver, folder, times):
    """What the driver says of each filter, and of reading memory: (rows or bytes, seconds)."""
    lines = ["memory"] + [ours for _, ours, _, _ in FILTERS]
    done = subprocess.run([driver, folder, str(times)], input="\n".join(lines) + "\n", text=True,
                          stdout=subprocess.PIPE, check=True)
    answers = [line.split() for line in done.stdout.splitlines()]
    return [(int(count), int(nanoseconds) / 1e9) for count, nanoseconds in answers]


def run_duckdb(connection, condition, times):
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        count = connection.execute(f"SELECT count(*) FROM t WHERE {condition}").fetchone()[0]
        best = min(best, time.perf_counter() - begin)
    return count, best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("bench-data/filter"))
    parser.add_argument("--driver", default="build/release/bin/filter_driver")
    parser.add_argument("--only", help="filters whose name holds this text")
    parser.add_argument("--ours-only", action="store_true", help="on columns of an earlier run")
    options = parser.parse_args()
    if options.only:
        FILTERS[:] = [entry for entry in FILTERS if options.only in entry[0]]

    connection = None
    if not options.ours_only:
        connection = duckdb.connect()
        connection.execute("SET threads = 2")
        make_table(connection, options.rows)
        connection.execute("SET threads = 1")
    if not (options.folder / "columns.txt").exists():
        write_columns(connection, options.folder, options.rows)

    memory, *ours = run_ours(options.driver, options.folder, options.times)
    bandwidth = memory[0] / memory[1]
    print(f"{options.rows} rows, one thread, best of {options.times}; memory reads {bandwidth / 1e9:.1f} GB/s")
    print(f"{'filter':26} {'rows':>9} {'ms':>8} {'of bandwidth':>12} {'DuckDB ms':>10} {'ratio':>7}")
    results = []
    for (name, text, sql, width), (rows, seconds) in zip(FILTERS, ours):
        share = options.rows * width / seconds / bandwidth
        line = f"{name:26} {rows:>9} {seconds * 1e3:>8.2f} {share:>12.0%}"
        result = {"filter": name, "rows": rows, "ms": seconds * 1e3, "bandwidth_share": share}
        if connection is not None:
            count, other = run_duckdb(connection, sql or as_sql(text), options.times)
            assert count == rows, f"{name}: {rows} rows here, {count} in DuckDB"
            line += f" {other * 1e3:>10.2f} {other / seconds:>6.1f}x"
            result |= {"duckdb_ms": other * 1e3, "ratio": other / seconds}
        print(line, flush=True)
        results.append(result)
    print(json.dumps({"rows": options.rows, "memory_gb_s": bandwidth / 1e9, "filters": results}))


if __name__ == "__main__":
    main()
