"""Runs the parts of the test suite one after another; the body of scripts/test.

A part is a list of steps. A step is a command whose result is counted: from a JUnit or GoogleTest XML
report when it writes one, else as one test. A step that fails without a failed test in its report
(a crash, a time-out, a compile error) counts as one failure, so that nothing goes missing.

Python's standard library only: this runs before any environment exists.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOGS = ROOT / "build/test-logs"
JOBS = int(os.environ.get("ELANUS_JOBS", os.cpu_count() or 2))
PARTS = ("unit", "e2e", "crash", "fuzz", "sanitize")

# Folders whose suites start threads: these run under the thread sanitizer as well.
TSAN_FOLDERS = ("common", "s3", "log", "segment", "coord", "datanode", "querynode", "engine")
CLANG_PRESETS = ("asan", "tsan")
FUZZ_SECONDS = int(os.environ.get("ELANUS_FUZZ_SECONDS", 20))


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Count") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


@dataclasses.dataclass
class Step:
    name: str
    command: list[str]
    timeout_s: int = 600
    env: dict[str, str] = dataclasses.field(default_factory=dict)
    reports: pathlib.Path | None = None  # A folder of XML reports that the command writes.
    counted: bool = True  # False: preparation; counts only when it fails.
    memory_bytes: int | None = None  # Address space of the command and of each process it starts.


def read_reports(folder: pathlib.Path) -> tuple[Count, list[str]]:
    """Adds up every XML report below a folder; also the names of what failed."""
    count, names = Count(), []
    for path in sorted(folder.rglob("*.xml")):
        try:
            tree = ElementTree.parse(path)
        except ElementTree.ParseError:
            count.failed += 1
            names.append(f"{path.name}: unfinished report")
            continue
        for case in tree.iter("testcase"):
            name = f"{case.get('classname', '')}.{case.get('name', '')}"
            if case.find("failure") is not None or case.find("error") is not None:
                count.failed += 1
                names.append(name)
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                count.skipped += 1
            else:
                count.passed += 1
    return count, names


def limit_memory(size: int | None):
    """A runaway test must fail by itself, not take the machine with it."""
    return (lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))) if size else None


def end_session(process: subprocess.Popen):
    """Ends a process begun in a session of its own, and all that it started: ninja gives each compiler its own group."""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            session = int(stat.read_text().rpartition(")")[2].split()[3])
            if session == process.pid:
                os.kill(int(stat.parent.name), signal.SIGKILL)
        except (OSError, ValueError):
            pass  # Ended meanwhile.
    process.wait()


def run_step(part: str, step: Step, deadline: float | None = None) -> Count:
    """deadline: of time.monotonic(); a step that it ends counts as skipped."""
    timeout_s, cut = step.timeout_s, False
    if deadline is not None and deadline - time.monotonic() < timeout_s:
        timeout_s, cut = max(0.0, deadline - time.monotonic()), True
    log_path = LOGS / part / f"{step.name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    if step.reports:
        shutil.rmtree(step.reports, ignore_errors=True)
        step.reports.mkdir(parents=True)
    started = time.monotonic()
    print(f"  {step.name} ...", flush=True)
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            step.command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, env=os.environ | step.env, start_new_session=True,
            preexec_fn=limit_memory(step.memory_bytes),
        )  # fmt: skip
        try:
            status = process.wait(timeout_s)
            reason = f"exit status {status}"
        except subprocess.TimeoutExpired:
            end_session(process)
            if cut:
                print(f"  {step.name}: stopped, there is no time left for it", flush=True)
                return Count(skipped=1)
            status, reason = 1, f"no end after {step.timeout_s} s"
    count, names = read_reports(step.reports) if step.reports else (Count(), [])
    if step.counted and not step.reports and status == 0:
        count.passed = 1
    if status != 0 and count.failed == 0:
        count.failed = 1
    took = time.monotonic() - started
    if count.failed or status != 0:
        print(f"  {step.name}: FAILED ({reason}, {took:.0f} s); {log_path.relative_to(ROOT)}")
        for name in names[:40]:
            print(f"    failed: {name}")
        tail = log_path.read_text(errors="replace").splitlines()[-40:]
        print("\n".join("    | " + line for line in tail), flush=True)
    else:
        print(f"  {step.name}: {count.passed} passed, {count.skipped} skipped, {took:.0f} s", flush=True)
    return count


# --- what each part runs ---


def build_step(preset: str, targets: list[str], timeout_s: int = 2400) -> Step:
    return Step(f"build-{preset}", ["scripts/build", preset, *targets], timeout_s, counted=False)


def python_steps(pymilvus30: bool = False) -> list[Step]:
    steps = [Step("python-environment", ["scripts/lib/python-environment", ".venv", "tests/requirements.txt"],
                  900, counted=False)]  # fmt: skip
    if pymilvus30:
        steps.append(Step("python-environment-30",
                          ["scripts/lib/python-environment", ".venv30", "tests/requirements-pymilvus30.txt"],
                          900, counted=False))  # fmt: skip
    return steps


def memory_folder(name: str) -> list[str]:
    """Puts the servers' data into memory where there is room: what is tested is processes that are killed,
    not disks, and a loaded machine's fsync takes longer than everything else together."""
    shm = pathlib.Path("/dev/shm")
    if not shm.is_dir() or shutil.disk_usage(shm).free < 4 << 30:
        return []
    return [f"--basetemp={shm}/elanus-{os.getpid()}-{name}"]


def pytest_step(part, name, paths, *, venv=".venv", timeout_s=1200, arguments=()) -> Step:
    reports = LOGS / part / f"{name}-reports"
    if part in ("e2e", "crash"):
        arguments = [*arguments, *memory_folder(name)]
    command = [f"{venv}/bin/python", "-m", "pytest", "-q", f"--junitxml={reports}/{name}.xml", *arguments, *paths]
    return Step(name, command, timeout_s, reports=reports)


def ctest_step(part, preset, pattern=None, timeout_s=1200, env=None, leave_out=None) -> Step:
    reports = LOGS / part / f"ctest-{preset}-reports"
    command = ["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "-j", str(JOBS),
               "--timeout", "600", "--no-tests=error"]  # fmt: skip
    if pattern:
        command += ["-R", pattern]
    if leave_out:
        command += ["-E", leave_out]
    # Sanitizers map far more address space than they use: they bound what is resident instead.
    limit = None if preset in ("asan", "tsan") else 8 << 30
    return Step(f"ctest-{preset}", command, timeout_s, {"GTEST_OUTPUT": f"xml:{reports}/"} | (env or {}), reports,
                memory_bytes=limit)


def test_targets(preset: str, folders=None) -> list[str]:
    """Names of the unit-test programs that the configured build knows."""
    listing = subprocess.run(["ctest", "--test-dir", f"build/{preset}", "-N"], cwd=ROOT, capture_output=True, text=True)
    names = re.findall(r"^\s*Test\s+#\d+: (\S+)", listing.stdout, re.MULTILINE)
    if folders is not None:
        names = [name for name in names if name.removesuffix("_test") in folders]
    return names


def configure(preset: str) -> None:
    """Configures so that targets can be listed; a failure shows up in the build step that follows."""
    if preset in CLANG_PRESETS:
        subprocess.run(["scripts/install-packages", "fuzz"], cwd=ROOT, capture_output=True)
    (ROOT / f"build/{preset}").mkdir(parents=True, exist_ok=True)
    subprocess.run(["cmake", "--preset", preset], cwd=ROOT, capture_output=True)


def unit() -> list[Step]:
    configure("release")
    return [
        build_step("release", ["elanus", *test_targets("release")]),
        ctest_step("unit", "release"),
        *python_steps(),
        pytest_step("unit", "tree", ["tests/layering_test.py", "tests/durable_steps_test.py", "tests/tidy_test.py", "tests/proto"]),
    ]


def e2e() -> list[Step]:
    clients = Step("client-packages", ["scripts/install-packages", "clients"], 1200, counted=False)
    return [
        build_step("release", ["elanus"]),
        *python_steps(pymilvus30=True),
        clients,  # Go, too, which the engines are built with.
        *(Step(f"engine-{kind}", ["tests/engines/install", kind], 1800, counted=False) for kind in ("versitygw", "minio")),
        pytest_step("e2e", "pymilvus-2.6", ["tests/e2e"], timeout_s=2400),
        pytest_step("e2e", "pymilvus-3.0", ["tests/e2e"], venv=".venv30", timeout_s=1800, arguments=["-m", "core"]),
        pytest_step("e2e", "clients", ["tests/clients"]),
    ]


def crash() -> list[Step]:
    return [
        build_step("release", ["elanus"]),
        *python_steps(),
        Step("crash-packages", ["scripts/install-packages", "crash"], 600, counted=False),
        pytest_step("crash", "crash", ["tests/crash"], timeout_s=1800),
    ]


def fuzz() -> list[Step]:
    configure("asan")  # The fuzz targets and the unit tests of this preset share their objects.
    return [
        build_step("asan", sorted(path.stem for path in (ROOT / "src").rglob("*_fuzz.cc"))),
        Step("fuzz", ["python3", "scripts/lib/run_fuzz.py", f"--seconds={FUZZ_SECONDS}",
                      f"--report={LOGS}/fuzz/fuzz-reports/fuzz.xml"], 1800,
             reports=LOGS / "fuzz/fuzz-reports"),
    ]  # fmt: skip


# The recall and damage suites of all index kinds take ten minutes under the address sanitizer: what runs
# there is every other test, and what the kinds promise for one float and one binary type. The files of all
# kinds are read by fuzz targets, which are sanitized too.
SANITIZED_INDEX_TESTS = {
    "index-others": "-All/Conformance*:*BitsAllow*:*FindsNineteen*:*WithoutBias*:*OneDistanceInEverySearch*",
    "index-promises": "All/Conformance.*_FloatVector_L2:All/Conformance.*_BinaryVector_HAMMING-*DamagedByte*:*Truncated*",
}


def sanitized_index_steps(env: dict[str, str]) -> list[Step]:
    steps = []
    for name, tests in SANITIZED_INDEX_TESTS.items():
        reports = LOGS / f"sanitize/{name}-reports"
        steps.append(Step(name, ["build/asan/bin/index_test", f"--gtest_filter={tests}"], 600,
                          {"GTEST_OUTPUT": f"xml:{reports}/"} | env, reports))  # fmt: skip
    return steps


def sanitize() -> list[Step]:
    configure("asan")
    configure("tsan")
    tsan_targets = test_targets("tsan", TSAN_FOLDERS)
    quiet = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:hard_rss_limit_mb=6000", "UBSAN_OPTIONS": "print_stacktrace=1"}
    tsan = {"TSAN_OPTIONS": f"halt_on_error=1:suppressions={ROOT}/tests/tsan.suppressions"}
    return [
        build_step("asan", test_targets("asan")),
        ctest_step("sanitize", "asan", env=quiet, leave_out="^index_test$"),
        *sanitized_index_steps(quiet),
        build_step("tsan", tsan_targets),
        ctest_step("sanitize", "tsan", "^(" + "|".join(tsan_targets) + ")$", env=tsan),
    ]


def run_part(part: str, deadline: float | None) -> Count:
    count = Count()
    for step in globals()[part]():
        if deadline is not None and time.monotonic() >= deadline:
            print(f"  {step.name}: not run, there is no time left for it", flush=True)
            count.skipped += 1
            continue
        result = run_step(part, step, deadline)
        count.add(result)
        if not step.counted and (result.failed or result.skipped):
            break  # What follows needs it.
    return count


def main() -> int:
    started_all = time.monotonic()
    wanted = sys.argv[1:] or ["all"]
    if "all" in wanted:
        wanted = list(PARTS)
    # Parts behind it are run as far as ELANUS_TEST_MINUTES allow, counted from here.
    optional = wanted[wanted.index("--if-time") + 1 :] if "--if-time" in wanted else []
    wanted = [part for part in wanted if part != "--if-time"]
    deadline = started_all + 60 * float(os.environ.get("ELANUS_TEST_MINUTES", 50))
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        print(f"unknown part: {unknown[0]}; parts are {' '.join(PARTS)} all", file=sys.stderr)
        return 2
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # Tests start processes; none of them uses a forked channel.
    total, summary = Count(), []
    for part in wanted:
        print(f"== {part}", flush=True)
        started = time.monotonic()
        count = run_part(part, deadline if part in optional else None)
        total.add(count)
        summary.append((part, count, time.monotonic() - started))
    print("\npart        passed  failed  skipped  seconds")
    for part, count, took in summary:
        print(f"{part:<10}  {count.passed:>6}  {count.failed:>6}  {count.skipped:>7}  {took:>7.0f}")
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
