"""The client journal: what was sent and what was acknowledged, on disk before anything depends on it.

One JSON line an event, flushed and fsynced. `send` is written before a request leaves, `ack` after its
success returned. A request with `send` and no `ack` may have happened or not, as a whole.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib


@dataclasses.dataclass
class Operation:
    number: int
    kind: str  # insert, upsert, delete, flush, ...
    rows: dict[int, int]  # key -> version; a deleted key has version 0.
    acknowledged: bool = False


class Journal:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.file = open(self.path, "a")
        self.operations: list[Operation] = []

    def send(self, kind: str, rows: dict[int, int]) -> Operation:
        operation = Operation(len(self.operations), kind, dict(rows))
        self.operations.append(operation)
        self._write({"send": operation.number, "kind": kind, "rows": list(rows.items())})
        return operation

    def acknowledge(self, operation: Operation) -> None:
        self._write({"ack": operation.number})
        operation.acknowledged = True

    def _write(self, event) -> None:
        self.file.write(json.dumps(event) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())

    def close(self) -> None:
        self.file.close()


def read(path) -> list[Operation]:
    """Reads a journal back, for a look at a failure afterwards."""
    operations: list[Operation] = []
    for line in pathlib.Path(path).read_text().splitlines():
        event = json.loads(line)
        if "send" in event:
            operations.append(Operation(event["send"], event["kind"], dict(map(tuple, event["rows"]))))
        else:
            operations[event["ack"]].acknowledged = True
    return operations


class Expectation:
    """What each key may hold: the last acknowledged version, or that of a later unacknowledged operation.

    After a restart the verifier settles the unacknowledged ones by what it reads, once and for all: what
    was seen must stay, what was not seen must never appear.
    """

    def __init__(self):
        self.known: dict[int, int] = {}  # key -> version; absent = no such row.
        self.open: list[Operation] = []  # Sent, not acknowledged, not settled.

    def apply(self, operation: Operation) -> None:
        for key, version in operation.rows.items():
            if version:
                self.known[key] = version
            else:
                self.known.pop(key, None)

    def possible(self, key: int) -> set[int]:
        """Versions that a read may find; 0 means no row."""
        versions = {self.known.get(key, 0)}
        return versions | {operation.rows[key] for operation in self.open if key in operation.rows}

    def keys(self) -> set[int]:
        return set(self.known) | {key for operation in self.open for key in operation.rows}

    def settle(self, found: dict[int, int]) -> list[str]:
        """Compares with everything that is there; takes over what is. Returns what is wrong."""
        wrong = []
        for key in sorted(self.keys() | set(found)):
            version = found.get(key, 0)
            if version not in self.possible(key):
                what = "lost or stale" if key in self.known else "never written"
                wrong.append(f"key {key}: found version {version}, possible {sorted(self.possible(key))} ({what})")
        for operation in self.open:
            # One request is one record of the log: all of its rows are there or none. Only a delete by
            # filter may stop half way: the public contract says so.
            if operation.kind == "delete_by_filter":
                continue
            later = {k for other in self.open if other.number > operation.number for k in other.rows}
            changed = [k for k, v in operation.rows.items() if k not in later and v != self.known.get(k, 0)]
            seen = [k for k in changed if found.get(k, 0) == operation.rows[k]]
            if seen and len(seen) != len(changed):
                wrong.append(f"operation {operation.number} ({operation.kind}) is there by half: {len(seen)} of {len(changed)} rows")
        self.known, self.open = dict(found), []
        return wrong
