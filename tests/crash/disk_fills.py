"""R7: a disk that fills up again and again; writes are refused by a code, reads go on, writes resume by themselves.

usage: disk_fills.py [--fills 50] [--seed 1] [--kill-every 10]

Mounts a file system of its own (needs that right). Each round leaves a few megabytes free, inserts until the server
refuses, takes the last byte away, reads, gives the room back and waits for the next write. Every tenth round the server
is killed while the disk is full. Exits 1 if a row was lost, a refusal had another code, or writes took over 10 s to resume.
"""

from __future__ import annotations

import argparse
import logging
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]

from disk_test import DISK_LIMIT_EXCEEDED, MEGABYTE, connect, fill_rest, fill_up, wait_for_write  # noqa: E402

from harness.client import count, index_params, simple_schema  # noqa: E402
from harness.server import Server  # noqa: E402

SIZE = 768 * MEGABYTE


def leave_free(place: pathlib.Path, ballast: pathlib.Path, free: int) -> None:
    ballast.unlink(missing_ok=True)
    info = os.statvfs(place)
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(info.f_bavail * info.f_bsize - free, 1))


def run(place: pathlib.Path, folder: pathlib.Path, fills: int, seed: int, kill_every: int, out=print) -> list[str]:
    failures, resumed, rng = [], [], random.Random(seed)
    ballast, rest = place / "ballast", place / "rest"
    server = Server(place / "data")
    server.log_path = folder / "server.log"
    server.fresh_ports = True
    acknowledged = kills = 0
    with server:
        client = connect(server)
        client.create_collection("c", schema=simple_schema(client), index_params=index_params(client), consistency_level="Strong")
        for fill in range(fills):
            leave_free(place, ballast, rng.randint(2, 6) * MEGABYTE)
            begun = acknowledged
            acknowledged, refusal = fill_up(client, acknowledged)
            if refusal.code != DISK_LIMIT_EXCEEDED:
                failures.append(f"fill {fill}: refused with {refusal.code}: {refusal.message}")
            fill_rest(rest)
            if not server.running or count(client, "c") != acknowledged:
                failures.append(f"fill {fill}: reads do not go on")
            if acknowledged and client.search("c", [[50.0] * 8], limit=1)[0][0]["id"] != 50:
                failures.append(f"fill {fill}: a search does not find its row")
            killed = kill_every and fill % kill_every == kill_every - 1
            if killed:
                client.close()
                server.kill()
            rest.unlink(missing_ok=True)
            ballast.unlink(missing_ok=True)
            if killed:
                kills += 1
                server.start()
                client = connect(server)
                now = count(client, "c")
                if now not in (acknowledged, acknowledged + 500):  # The refused batch is whole or absent.
                    failures.append(f"fill {fill}: {now} rows after a kill, {acknowledged} were acknowledged")
                acknowledged = now
            started = time.monotonic()
            wait_for_write(client, acknowledged)
            acknowledged += 1
            resumed.append(time.monotonic() - started)
            client.flush("c", timeout=60)
            if count(client, "c") != acknowledged:
                failures.append(f"fill {fill}: {count(client, 'c')} rows, {acknowledged} were acknowledged")
            out(f"fill {fill}: {acknowledged - begun} rows, writes resumed after {resumed[-1]:.2f} s")
        client.close()
        server.restart(kill=True)
        if count(connect(server), "c") != acknowledged:
            failures.append("rows are lost after the last restart")
    out(f"{fills} fills, {kills} kills while full, {acknowledged} rows acknowledged, slowest resumption {max(resumed):.2f} s, "
        f"{len(failures)} wrong")  # fmt: skip
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill-every", type=int, default=10)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # The client's: every refusal, with where it was raised.
    with tempfile.TemporaryDirectory(prefix="elanus-fills-") as folder:
        place = pathlib.Path(folder) / "small"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "elanus-fills", str(place)], check=True)
        try:
            failures = run(place, pathlib.Path(folder), options.fills, options.seed, options.kill_every)
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
