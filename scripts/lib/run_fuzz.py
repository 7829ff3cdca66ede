"""Runs every fuzz target for a while on its seed corpus and writes a JUnit report.

Seeds live in tests/fuzz/<target>/ (in git); what a run finds goes to build/fuzz/corpus/<target>/, and an
input that broke a target to build/fuzz/found/ with the command that repeats it.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import xml.sax.saxutils

ROOT = pathlib.Path(__file__).resolve().parents[2]


def targets(folder: pathlib.Path) -> list[pathlib.Path]:
    if not folder.exists():
        return []
    return sorted(p for p in folder.iterdir() if p.name.endswith("_fuzz") and os.access(p, os.X_OK))


def run(target: pathlib.Path, seconds: int) -> tuple[bool, str]:
    corpus = ROOT / "build/fuzz/corpus" / target.name
    found = ROOT / "build/fuzz/found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    command = [str(target), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
               f"-artifact_prefix={found}/{target.name}-", str(corpus)]  # fmt: skip
    seeds = ROOT / "tests/fuzz" / target.name
    if seeds.is_dir():
        command.append(str(seeds))
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds + 120)
        text, passed = done.stdout + done.stderr, done.returncode == 0
    except subprocess.TimeoutExpired as late:
        text, passed = f"did not stop: {late}", False
    (corpus.parent / f"{target.name}.log").write_text(text)
    return passed, text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/asan/bin")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="targets; all when none is named")
    options = parser.parse_args()

    chosen = [t for t in targets(options.bin) if not options.names or t.name in options.names]
    if not chosen:
        print(f"no fuzz target in {options.bin}", file=sys.stderr)
        return 1
    cases, failed = [], 0
    for target in chosen:
        passed, text = run(target, options.seconds)
        executed = [line.split()[-1] for line in text.splitlines() if "number_of_executed_units" in line]
        print(f"{target.name}: {'ok' if passed else 'FAILED'}, {executed[0] if executed else '?'} inputs", flush=True)
        body = ""
        if not passed:
            failed += 1
            print("\n".join(text.splitlines()[-60:]))
            body = f"<failure>{xml.sax.saxutils.escape(text[-4000:].encode('ascii', 'replace').decode())}</failure>"
        cases.append(f'<testcase classname="fuzz" name="{target.name}">{body}</testcase>')
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(f"<testsuite>{''.join(cases)}</testsuite>\n")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
