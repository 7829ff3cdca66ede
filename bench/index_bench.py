"""Filters with scalar and text indexes beside DuckDB (scan), SQLite with indexes, and tantivy, one thread each, in one run.

    scripts/build release filter_driver
    pip install duckdb numpy pyarrow tantivy
    python bench/index_bench.py --rows 2000000

Rows come from a hash of their number. Our side is one sealed segment with column files and index files as builds write them, evaluated to a
bitset; DuckDB's and SQLite's are tables in memory, tantivy's an index of one segment without scores. All report the best of several runs and have to count
the same rows.
"""

import argparse
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time

import duckdb
import filter_bench
import tantivy

WORDS = 12
# The word of a text: number n of 50,000 about 1/n as frequent as the first.
WORD = "'w' || (50000 ** ((h({}) % 1000000) / 1e6))::BIGINT"
COLUMNS = [
    ("id", "Int64", "r"),
    ("i64", "Int64", "(h(4) % 1000000)::BIGINT"),
    ("few", "Int64", "(h(2) % 100)::BIGINT"),
    ("low", "VarChar", "'category-' || (h(10) % 100)"),
    ("high", "VarChar", "'user-' || (h(11) % 1000000) || '@host-' || (h(12) % 1000) || '.example'"),
    ("grams", "VarChar", "'user-' || (h(11) % 1000000) || '@host-' || (h(12) % 1000) || '.example'"),
    ("words", "VarChar", " || ' ' || ".join(WORD.format(20 + i) for i in range(WORDS))),
]
INDEXES = ["i64 STL_SORT", "few BITMAP", "low INVERTED", "high INVERTED", "grams NGRAM min_gram=2 max_gram=3", "words TEXT_MATCH"]
IN_LIST = "[" + ", ".join(str(i * 97) for i in range(100)) + "]"

# name, filter, its condition in SQL (None: the same but for spelling), tantivy's query
FILTERS = [
    ("int64 range, 1 %", "10000 <= i64 < 20000", "i64 >= 10000 AND i64 < 20000", None),
    ("int64 equal, 1 %", "few == 7", None, None),
    ("int64 equal, few rows", "i64 == 4242", None, None),
    ("int64 in 100", f"i64 in {IN_LIST}", None, None),
    ("varchar equal, 1 %", "low == 'category-7'", None, None),
    ("varchar equal, few rows", "high == 'user-77@host-77.example'", None, None),
    ("like prefix", "high like 'user-77%'", None, None),
    ("like infix by grams", "grams like '%t-7%'", None, None),
    ("like infix, 0.2 %", "grams like '%@h%' and grams like '%777%'", None, None),
    ("like infix, longer than grams", "grams like '%host-777.%'", None, None),
    ("and of two", "few == 7 and low == 'category-9'", None, None),
    ("text_match, a frequent word", "text_match(words, 'w2')", None, "w2"),
    ("text_match, a rare word", "text_match(words, 'w4711')", None, "w4711"),
    ("text_match, 1 %", "text_match(words, 'w110')", None, "w110"),
    ("text_match, one of two", "text_match(words, 'w30 w400')", None, "w30 w400"),
    ("text_match, two of two", "text_match(words, 'w3 w40', minimum_should_match=2)", None, "+w3 +w40"),
    ("phrase_match", "phrase_match(words, 'w3 w4')", None, '"w3 w4"'),
    ("phrase_match, frequent words", "phrase_match(words, 'w1 w2')", None, '"w1 w2"'),
    ("phrase_match, slop 2", "phrase_match(words, 'w3 w10', 2)", None, '"w3 w10"~2'),
]  # fmt: skip


def run_ours(driver, folder, times, indexed):
    lines = [f"index {index}" for index in INDEXES] if indexed else []
    # Without its index text_match makes one in memory at the first question.
    lines += [ours for _, ours, _, query in FILTERS]
    done = subprocess.run([driver, folder, str(times)], input="\n".join(lines) + "\n", text=True,
                          stdout=subprocess.PIPE, check=True)  # fmt: skip
    answers = [[int(number) for number in line.split()] for line in done.stdout.splitlines()]
    built = answers[: len(INDEXES)] if indexed else []
    return built, [(rows, nanoseconds / 1e9) for rows, nanoseconds in answers[len(built) :]]


def best_of(times, body):
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        count = body()
        best = min(best, time.perf_counter() - begin)
    return count, best


def make_sqlite(rows_of):
    lite = sqlite3.connect(":memory:")
    lite.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, i64 INTEGER, few INTEGER, low TEXT, high TEXT, grams TEXT)")
    lite.execute("PRAGMA case_sensitive_like = ON")
    lite.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", rows_of("id, i64, few, low, high, grams"))
    for column in ("i64", "few", "low", "high", "grams"):
        lite.execute(f"CREATE INDEX by_{column} ON t ({column})")
    lite.execute("ANALYZE")
    return lite


def make_tantivy(rows_of, folder):
    schema = tantivy.SchemaBuilder().add_text_field("words", stored=False, index_option="position").build()
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(heap_size=1_000_000_000, num_threads=1)
    for (words,) in rows_of("words"):
        writer.add_document(tantivy.Document(words=words))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def rows_in(connection):
    def rows_of(columns):
        result = connection.execute(f"SELECT {columns} FROM t ORDER BY id")
        while batch := result.fetchmany(50_000):
            yield from batch

    return rows_of


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("bench-data/index"))
    parser.add_argument("--driver", default="build/release/bin/filter_driver")
    options = parser.parse_args()
    filter_bench.COLUMNS[:] = COLUMNS

    duck = duckdb.connect()
    duck.execute("SET threads = 1")
    filter_bench.make_table(duck, options.rows)
    shutil.rmtree(options.folder, ignore_errors=True)
    filter_bench.write_columns(duck, options.folder, options.rows)
    built, ours = run_ours(options.driver, options.folder, options.times, True)
    _, scans = run_ours(options.driver, options.folder, options.times, False)
    rows_of = rows_in(duck)
    lite = make_sqlite(rows_of)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        words = make_tantivy(rows_of, folder)
        searcher = words.searcher()
        tantivy_bytes = sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*"))
        print(f"{options.rows} rows, one thread, best of {options.times}; tantivy: {searcher.num_segments} segments, {tantivy_bytes} bytes")
        for index, (size, nanoseconds) in zip(INDEXES, built, strict=True):
            print(f"index {index:36} {size:>12} bytes {nanoseconds / 1e9:>7.2f} s")
        print(f"{'filter':30} {'rows':>8} {'ms':>8} {'no index':>9} {'DuckDB':>9} {'SQLite':>9} {'tantivy':>9}   ratios to them")
        for (name, text, sql, query), (rows, seconds), (scan_rows, scan) in zip(FILTERS, ours, scans, strict=True):
            assert scan_rows == rows, f"{name}: {scan_rows} rows without the index, {rows} with it"
            found = {"scan": (rows, scan)}
            condition = sql or filter_bench.as_sql(text)
            if query is None:
                ask = f"SELECT count(*) FROM t WHERE {condition}"
                found["duckdb"] = best_of(options.times, lambda ask=ask: duck.execute(ask).fetchone()[0])
                found["sqlite"] = best_of(options.times, lambda ask=ask: lite.execute(ask).fetchone()[0])
            else:
                parsed = tantivy.Query.const_score_query(words.parse_query(query, ["words"]), 1.0)
                found["tantivy"] = best_of(options.times, lambda parsed=parsed: searcher.search(parsed, limit=1, count=True).count)
            for peer, (count, _) in found.items():
                # tantivy's slop counts moved words otherwise.
                assert count == rows or "slop" in name, f"{name}: {rows} rows here, {count} in {peer}"
            times = {peer: f"{found[peer][1] * 1e3:9.3f}" if peer in found else " " * 9 for peer in ("scan", "duckdb", "sqlite", "tantivy")}
            ratios = "  ".join(f"{peer} {other / seconds:.1f}x" for peer, (_, other) in found.items() if peer != "scan")
            print(f"{name:30} {rows:>8} {seconds * 1e3:>8.3f} {' '.join(times.values())}   {ratios}", flush=True)
            results.append({"filter": name, "rows": rows, "ms": seconds * 1e3} | {peer: other * 1e3 for peer, (_, other) in found.items()})
    print(json.dumps({"rows": options.rows, "indexes": dict(zip(INDEXES, built, strict=True)), "filters": results}))


if __name__ == "__main__":
    main()
