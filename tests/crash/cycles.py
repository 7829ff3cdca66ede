"""Crash cycles: load, kill, restart, verify, over and over on one data folder.

usage: cycles.py [--cycles 60] [--seed 1] [--points all|none|NAME...] [--nested 0.3] [--keep FOLDER]

Prints a line a cycle that failed and a summary; exits 1 if anything was lost, stale, half or invented.
The same seed gives the same operations and the same kinds of kill (the instants are the machine's).
"""

from __future__ import annotations

import argparse
import pathlib
import random
import signal
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]

from pymilvus import MilvusClient, MilvusException  # noqa: E402

from harness.server import Server, ServerFailed, crash_point_names  # noqa: E402
from harness.wire import call_by_numbers  # noqa: E402
from journal import Expectation, Journal  # noqa: E402
from nemesis import BUSY_SETTINGS, Nemesis  # noqa: E402
from verifier import verify  # noqa: E402
from workload import Workload, clean_up  # noqa: E402


# What a healthy disk and an orderly log never pass.
TORN_TAIL_POINTS = ("log.open.before_cut", "log.open.after_cut")
FAILED_WRITE_POINTS = ("log.abandon.before_cut", "log.abandon.after_cut")


class Campaign:
    """One data folder that lives through all cycles."""

    def __init__(self, folder: pathlib.Path, seed: int):
        self.seed = seed
        self.server = Server(folder / "data", env=BUSY_SETTINGS)
        self.server.fresh_ports = True
        self.journal = Journal(folder / "journal.jsonl")
        self.expectation = Expectation()
        self.workload = Workload(self.journal, self.expectation, seed)
        self.nemesis = Nemesis(self.server, seed + 1)
        self.rng = random.Random(seed + 2)
        self.failures: list[str] = []
        self.restart_seconds: list[float] = []
        self.kills = self.verifications = 0
        self.unfired: str | None = None  # The point of the last cycle, if the load did not pass it.

    def begin(self) -> None:
        self.server.start()
        client = self.connect()
        self.workload.create(client)
        client.close()

    def connect(self) -> MilvusClient:
        # Its own connection: pymilvus keeps a shared one after close(), and with it the back-off of a dead server.
        return MilvusClient(self.server.uri, timeout=30, dedicated=True)

    def did_step(self, client, may_fail: bool) -> bool:
        """Runs one operation. False when it failed and no more shall be tried."""
        try:
            self.workload.step(client)
        except Exception as error:  # noqa: BLE001 - any failure is allowed while the server dies
            # Its outcome is open; the verifier settles it.
            if may_fail:
                return True
            if self.alive_for_long():
                self.failures.append(f"an operation failed on a living server: {error}")
            return False
        return True

    def work_until_gone(self, steps: int, may_fail: bool = False) -> int:
        """Runs operations until the server is gone or `steps` are done. Returns how many were done.

        may_fail: its files cannot grow, so that operations may be refused; then the next one is tried.
        """
        done = 0
        try:
            client = self.connect()
        except (MilvusException, Exception):  # noqa: BLE001 - already gone
            return 0
        try:
            while done < steps and self.server.running and self.did_step(client, may_fail):
                done += 1
        finally:
            client.close()
        return done

    def alive_for_long(self) -> bool:
        """Whether the server outlives a failure: a killed process may take a moment to be seen as gone."""
        try:
            self.server.process.wait(1.0)
            return False
        except Exception:  # noqa: BLE001 - subprocess.TimeoutExpired
            return True

    def note_own_end(self, label: str) -> None:
        """Only SIGKILL may end a server here: a failed check or an exit is a fault of its own."""
        status = self.server.process.poll()
        if status not in (None, -signal.SIGKILL):
            self.failures.append(f"{label}: the server ended with {status}\n{self.server.log_tail()}")

    def check(self, label: str) -> bool:
        client = None
        try:
            client = self.connect()
            clean_up(client, self.workload.name)
            wrong = verify(client, self.workload.name, self.expectation, self.seed)
            self.verifications += 1
        except MilvusException as error:
            wrong = [f"the verifier's own request failed: {error}"]
            if not self.alive_for_long():
                wrong.append(f"the server ended by itself with {self.server.process.poll()}:\n{self.server.log_tail()}")
        finally:
            if client is not None:
                client.close()
        for complaint in wrong[:20]:
            self.failures.append(f"{label}: {complaint}")
        return not wrong

    def random_cycle(self, number: int, nested: bool) -> bool:
        killer = self.nemesis.kill_within(0.8)
        self.work_until_gone(10_000)
        killer.join()
        return self.come_back(f"cycle {number} (random instant{', killed again while recovering' if nested else ''})", nested)

    def point_cycle(self, point: str) -> bool:
        """Provokes the point at a random passing (else at the first: some come once a start), then verifies."""
        passing = self.rng.choice([1, 1, 2, 5])
        try:
            fired = self.provoke(point, passing)
            if not fired and passing > 1:
                passing = 1
                fired = self.provoke(point, passing)
        except ServerFailed as failure:
            self.failures.append(f"crash point {point}: {failure}")
            return False
        self.unfired = None if fired else point
        return self.come_back(f"crash point {point}:{passing}{'' if fired else ' (not passed)'}", False)

    def provoke(self, point: str, passing: int) -> bool:
        """Arms the point and works until it fires. False if the load did not pass it that often."""
        self.server.kill()
        if point in TORN_TAIL_POINTS:
            self.nemesis.tear_log()
        if not self.nemesis.arm(point, passing):
            return True
        if point in FAILED_WRITE_POINTS:
            self.work_until_gone(5)  # Begins the log file that shall fail.
            self.nemesis.fail_writes()
        self.work_until_gone(150, may_fail=point in FAILED_WRITE_POINTS)
        if self.server.running:
            self.trigger_rare_steps()
        self.note_own_end(point)
        return self.nemesis.fired()

    def trigger_rare_steps(self) -> None:
        """Flush, copy by a snapshot, and drop: seals, uploads, commits, log cuts, garbage collection."""
        client = None
        try:
            client = self.connect()
            client.create_collection("side_rare", dimension=4, timeout=20)
            client.insert("side_rare", [{"id": i, "vector": [float(i)] * 4} for i in range(100)], timeout=20)
            client.flush("side_rare", timeout=20)
            client.flush(self.workload.name, timeout=20)
            self.restore_snapshot("side_rare", f"side_again{self.kills}")
            call_by_numbers(self.server.address, "ExportSnapshot", {2: "rare", 4: "side_rare", 5: "away"}, timeout=20)
            client.drop_collection("side_rare", timeout=20)
            client.flush(self.workload.name, timeout=20)
        except Exception:  # noqa: BLE001 - the point fired
            pass
        finally:
            if client is not None:
                client.close()
        try:
            self.server.process.wait(3)  # Background steps: builds, removals.
        except Exception:  # noqa: BLE001 - it lives
            pass

    def restore_snapshot(self, source: str, target: str) -> None:
        """By field numbers, for clients before 3.0: name, collection_name; and rewrite_data, target_collection_name."""
        call_by_numbers(self.server.address, "CreateSnapshot", {2: "rare", 5: source}, timeout=20)
        call_by_numbers(self.server.address, "RestoreSnapshot", {2: "rare", 4: source, 5: 1, 7: target}, timeout=20)

    def come_back(self, label: str, nested: bool) -> bool:
        self.kills += 1
        self.note_own_end(label)
        started = time.monotonic()
        try:
            self.nemesis.restart(nested)
        except ServerFailed as failure:
            self.failures.append(f"{label}: does not start again: {failure}")
            return False
        self.restart_seconds.append(time.monotonic() - started)
        return self.check(label)

    def end(self) -> None:
        self.server.kill()
        self.journal.close()


def run(folder: pathlib.Path, cycles: int, seed: int, points: list[str], nested: float, out=print) -> Campaign:
    campaign = Campaign(folder, seed)
    campaign.begin()
    unfired = []
    try:
        for number in range(cycles):
            if not campaign.random_cycle(number, campaign.rng.random() < nested) and not campaign.server.running:
                break
        for point in points:
            ok = campaign.point_cycle(point)
            if campaign.unfired:
                unfired.append(point)
            if not ok and not campaign.server.running:
                break
    finally:
        campaign.end()
    slow = max(campaign.restart_seconds, default=0)
    acknowledged = sum(o.acknowledged for o in campaign.journal.operations)
    out(f"seed {seed}: {campaign.kills} kills (+{campaign.nemesis.nested_kills} while recovering), "
        f"{len(campaign.journal.operations)} writes, {acknowledged} acknowledged, "
        f"{len(campaign.expectation.known)} rows at the end, slowest restart {slow:.2f} s")  # fmt: skip
    if unfired:
        out(f"crash points not passed by this load: {', '.join(unfired)}")
    campaign.unfired_points = unfired
    return campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--points", nargs="*", default=["none"])
    parser.add_argument("--nested", type=float, default=0.3, help="share of cycles killed again while recovering")
    parser.add_argument("--keep", type=pathlib.Path, help="folder to work in and leave behind")
    options = parser.parse_args()
    points = crash_point_names() if options.points == ["all"] else [p for p in options.points if p != "none"]
    with tempfile.TemporaryDirectory(prefix="elanus-crash-") as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        campaign = run(folder, options.cycles, options.seed, points, options.nested)
    for failure in campaign.failures:
        print("FAILED:", failure)
    done = campaign.kills
    print(f"{done - min(done, len(campaign.failures))} passed, {len(campaign.failures)} failed")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    sys.exit(main())
