"""D1: a store that fails in every way, at every rate, under every operation; what was acknowledged stays.

usage: store_faults.py [--full] [--kinds KIND...] [--rates 0.01 0.1 0.3] [--rounds 1] [--seed 1]

One server and one store for the whole run. For each kind of fault and each rate the operations below run once, with
the proxy spoiling that share of the requests; then the store is healed and everything is compared with the journal.
Prints a line a kind; exits 1 if anything was lost, stale or invented, if the server ended, or if a fault that passes
was seen by a client at a rate of a tenth or less.
"""

from __future__ import annotations

import argparse
import logging
import pathlib
import random
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "e2e")]

from grpc import RpcError  # noqa: E402
from pymilvus import MilvusClient, MilvusException  # noqa: E402
from s3_fixtures import environment  # noqa: E402

from harness.fault_proxy import Fault, FaultProxy, Request  # noqa: E402
from harness.s3_server import S3Server  # noqa: E402
from harness.server import Server, ServerFailed  # noqa: E402
from harness.wire import call_by_numbers  # noqa: E402
from journal import Expectation, Journal  # noqa: E402
from nemesis import BUSY_SETTINGS  # noqa: E402
from verifier import verify  # noqa: E402
from workload import Workload  # noqa: E402

# Worth another try, so that a client sees nothing of them while they are rare.
PASSING = ("error_500", "error_502", "slow_down", "unavailable", "error_504", "too_many", "request_timeout", "reset",
           "refuse", "mid_reset", "short_body", "long_body", "late", "stall")  # fmt: skip
# The store says no, or lies: operations may fail with an error that tells so.
REFUSING = ("denied", "expired", "bad_key", "bad_signature", "not_found", "no_bucket", "conflict", "silent_short", "flip",
            "stale_list", "skew", "empty", "garbage")  # fmt: skip
KINDS = PASSING + REFUSING
RATES = (0.01, 0.1, 0.3)
OPERATIONS = ("insert", "flush", "compact", "load", "search", "collect", "snapshot")
TIMEOUT_MS = 400


def may_spoil(kind: str, request: Request) -> bool:
    """What a kind can be of. A lie about a put that the store never got is a loss that no client could notice."""
    reads = request.method == "GET" and "list-type" not in request.target
    if kind in ("silent_short", "flip", "not_found", "long_body"):
        return reads
    if kind in ("empty", "garbage"):
        return request.method == "GET"
    return True


class StoreFaults:
    def __init__(self, folder: pathlib.Path, store: S3Server, seed: int):
        self.rng = random.Random(seed)
        self.seed = seed
        self.proxy = FaultProxy(store.address)
        self.server = Server(folder / "data", env=BUSY_SETTINGS | environment(
            self.proxy.address, MINIO_ROOTPATH=f"d1/{seed}", MINIO_REQUESTTIMEOUTMS=str(TIMEOUT_MS),
            QUERYNODE_SEGCORE_TIEREDSTORAGE_EVICTIONENABLED="true"))  # fmt: skip
        self.journal = Journal(folder / "journal.jsonl")
        self.expectation = Expectation()
        self.workload = Workload(self.journal, self.expectation, seed)
        self.failures: list[str] = []
        self.cells = self.faults = self.done = self.refused = self.verifications = 0
        self.snapshots = 0

    def begin(self) -> None:
        self.server.start()
        self.client = MilvusClient(self.server.uri, timeout=30, dedicated=True)
        self.workload.create(self.client)
        self.client.release_collection(self.workload.name)
        for key in ("warmup.scalarField", "warmup.scalarIndex", "warmup.vectorField", "warmup.vectorIndex"):
            self.client.alter_collection_properties(self.workload.name, properties={key: "disable"})
        self.client.load_collection(self.workload.name)
        for _ in range(6):
            self.workload.insert(self.client)
        self.client.flush(self.workload.name)

    def end(self) -> None:
        self.proxy.heal()
        self.client.close()
        self.server.kill()
        self.proxy.close()
        self.journal.close()

    # --- operations: each raises what the client raises ---

    def insert(self) -> None:
        for step in (self.workload.insert, self.workload.upsert, self.workload.delete):
            step(self.client)

    def flush(self) -> None:
        self.client.flush(self.workload.name, timeout=20)

    def compact(self) -> None:
        job = self.client.compact(self.workload.name, timeout=20)
        deadline = time.monotonic() + 10
        while self.client.get_compaction_state(job) != "Completed" and time.monotonic() < deadline:
            time.sleep(0.02)  # Polling another process.

    def load(self) -> None:
        self.client.release_collection(self.workload.name)
        self.client.load_collection(self.workload.name, timeout=20)

    def search(self) -> None:
        self.client.search(self.workload.name, [[0.0] * 16], limit=5, filter='word == "w1"', output_fields=["word"],
                           timeout=20)  # fmt: skip
        self.client.query(self.workload.name, filter='word == "w1"', output_fields=["version"], timeout=20)

    def collect(self) -> None:
        """Leaves garbage, which goes meanwhile: another collection comes and goes."""
        self.client.create_collection("side", dimension=4, timeout=20)
        try:
            self.client.insert("side", [{"id": 1, "vector": [0.0] * 4}])
            self.client.flush("side", timeout=20)
        finally:
            self.client.drop_collection("side")

    def snapshot(self) -> None:
        self.snapshots += 1
        name = f"s{self.snapshots}"
        call_by_numbers(self.server.address, "CreateSnapshot", {2: name, 5: self.workload.name}, timeout=20)
        call_by_numbers(self.server.address, "DropSnapshot", {2: name, 4: self.workload.name}, timeout=20)

    # --- a cell: one kind, one rate, every operation ---

    def cell(self, kind: str, rate: float) -> dict[str, str]:
        rng = random.Random(self.rng.random())
        seconds = {"late": 1.5 * TIMEOUT_MS / 1000, "skew": 7200}.get(kind, 0)
        self.proxy.counts.clear()

        def fault(request):
            return Fault(kind, seconds) if may_spoil(kind, request) and rng.random() < rate else None

        outcome = {}
        for operation in OPERATIONS:
            self.cells += 1
            self.proxy.fault = fault
            try:
                getattr(self, operation)()
                self.done += 1
            except (MilvusException, RpcError) as error:
                outcome[operation] = f"{error.code} {error.message}" if isinstance(error, MilvusException) else str(error.code())
                self.refused += 1
                if operation == "insert":
                    self.failures.append(f"{kind} {rate}: a write failed because of the store: {outcome[operation]}")
                elif kind in PASSING and rate <= 0.1:
                    self.failures.append(f"{kind} {rate}: {operation} failed: {outcome[operation]}")
            if not self.server.running:
                raise ServerFailed(f"{kind} {rate}: the server ended during {operation}\n{self.server.log_tail()}")
        self.faults += self.proxy.counts.get(kind, 0)
        self.proxy.heal()
        self.recover(f"{kind} {rate}")
        return outcome

    def recover(self, label: str) -> None:
        """The store is well again: without a restart everything works, and everything is there."""
        if "side" in self.client.list_collections():
            self.client.drop_collection("side")
        deadline = time.monotonic() + 30
        while True:
            try:
                self.client.load_collection(self.workload.name, timeout=20)
                self.client.flush(self.workload.name, timeout=20)
                break
            except (MilvusException, RpcError) as error:
                if time.monotonic() > deadline:
                    self.failures.append(f"{label}: does not recover: {error}")
                    return
                time.sleep(0.2)
        try:
            wrong = verify(self.client, self.workload.name, self.expectation, self.seed)
        except MilvusException as error:
            wrong = [f"the verifier's own request failed: {error}"]
        self.verifications += 1
        self.failures += [f"{label}: {complaint}" for complaint in wrong[:10]]

    def restart_without_cache(self) -> None:
        """All that the catalog names is in the store, whatever the faults did to puts and removals."""
        self.server.kill()
        for path in self.server.data_dir.rglob("*.cells"):
            path.unlink()
        self.client.close()
        self.server.start()
        self.client = MilvusClient(self.server.uri, timeout=30, dedicated=True)
        self.recover("after a restart without its cache")


def run(folder: pathlib.Path, kinds, rates, rounds: int, seed: int, out=print) -> StoreFaults:
    with S3Server("versitygw", folder / "store") as store:
        faults = StoreFaults(folder, store, seed)
        faults.begin()
        try:
            for _ in range(rounds):
                for kind in kinds:
                    before, begun, outcomes = faults.faults, time.monotonic(), []
                    for rate in rates:
                        outcomes += [f"{rate} {operation}: {text[:100]}" for operation, text in faults.cell(kind, rate).items()]
                    out(f"{kind}: {faults.faults - before} faults, {len(outcomes)} refusals, {time.monotonic() - begun:.1f} s")
                    for outcome in outcomes:
                        out(f"    {outcome}")
            faults.restart_without_cache()
        except ServerFailed as failure:
            faults.failures.append(str(failure))
        finally:
            faults.end()
    acknowledged = sum(o.acknowledged for o in faults.journal.operations)
    out(f"seed {seed}: {faults.cells} operations under {len(kinds)} kinds x {len(rates)} rates, {faults.faults} faults, "
        f"{faults.done} succeeded, {faults.refused} were refused; {acknowledged} writes acknowledged, "
        f"{faults.verifications} comparisons, {len(faults.failures)} wrong")  # fmt: skip
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="every kind at every rate (the default of both), three times")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--rates", nargs="*", type=float, default=list(RATES))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # The client's: every refusal, with where it was raised.
    with tempfile.TemporaryDirectory(prefix="elanus-faults-") as folder:
        faults = run(pathlib.Path(folder), options.kinds, options.rates, 3 if options.full else options.rounds, options.seed)
    for failure in faults.failures:
        print("FAILED:", failure)
    return 1 if faults.failures else 0


if __name__ == "__main__":
    sys.exit(main())
