"""Stops the server in bad moments: at a random instant, at a named crash point, again while it recovers."""

from __future__ import annotations

import random
import resource
import signal
import threading
import time

from harness.server import Server, ServerFailed

# Small limits, so that seals, chunks, rotations, index builds and checkpoints happen all the time.
BUSY_SETTINGS = {
    "DATACOORD_SEGMENT_MAXSIZE": "1",
    "DATACOORD_SEGMENT_SEALPROPORTION": "0.1",
    "DATANODE_SEGMENT_INSERTBUFSIZE": "65536",
    "INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX": "64",
    "ELANUS_LOGMAXBYTES": str(1 << 20),
    "DATACOORD_COMPACTION_MIX_TRIGGERINTERVAL": "1",
    "DATACOORD_COMPACTION_LEVELZERO_FORCETRIGGER_DELTALOGMINNUM": "2",
    "DATACOORD_GC_INTERVAL": "1",
    "DATACOORD_GC_MISSINGTOLERANCE": "0",
    "DATACOORD_GC_DROPTOLERANCE": "0",
}


class Nemesis:
    def __init__(self, server: Server, seed: int):
        self.server, self.rng = server, random.Random(seed)
        self.nested_kills = 0

    def kill_within(self, seconds: float) -> threading.Thread:
        """Kills at a random instant of the next `seconds`, from a thread of its own."""
        delay = self.rng.uniform(0.005, seconds)

        def act():
            time.sleep(delay)  # The random instant itself; nothing waits for it.
            self.server.process.kill()

        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        return thread

    def restart(self, nested: bool) -> None:
        """Starts again; with `nested`, up to four kills while it recovers come first."""
        self.server.kill()
        if nested:
            for _ in range(self.rng.randint(1, 4)):
                self.server.launch()
                try:
                    self.server.process.wait(self.rng.uniform(0.01, 0.4))
                except Exception:  # noqa: BLE001 - still running: that is the point
                    pass
                self.server.kill()
                self.nested_kills += 1
        self.server.start(timeout=60)

    def tear_log(self) -> None:
        """Leaves half a write of noise behind the log of a stopped server, as a cut of the power may."""
        newest = max((self.server.data_dir / "rdb_data").rglob("*.log"))
        with open(newest, "ab") as file:
            file.write(self.rng.randbytes(self.rng.randint(1, 300)))

    def fail_writes(self) -> None:
        """From now on no file of the running server can grow: each append fails with EFBIG."""
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def arm(self, point: str, passing: int = 1) -> bool:
        """Restarts with a crash point armed. False when it already fired while starting."""
        self.server.kill()
        try:
            self.server.start(env={"ELANUS_CRASH_POINT": f"{point}:{passing}"}, timeout=60)
            return True
        except ServerFailed:
            if not self.fired():
                raise  # It ended for a reason of its own.
            return False

    def fired(self) -> bool:
        """Whether the armed point ended the process: nothing else sends SIGKILL meanwhile."""
        return self.server.process.poll() == -signal.SIGKILL
