"""Makes the sample kept here from the whole package index; run once, its output is in git.

usage: make_sample.py FOLDER_WITH_THE_WHOLE_DATA [rows]

Keeps the 40 nearest rows of each of the eight questions (so that they have their good answers here too),
`python` rows (the operator's guide filters on that section) and a seeded choice of the rest.
"""

import gzip
import json
import pathlib
import sys

import numpy as np

source = pathlib.Path(sys.argv[1])
wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 6000
here = pathlib.Path(__file__).resolve().parent

rows = [json.loads(line) for line in gzip.open(source / "packages.jsonl.gz", "rt")]
vectors = np.load(source / "packages-embedding.f16.npy")
questions = json.loads((source / "questions.json").read_text())

keep = set()
for question in questions:
    scores = vectors.astype(np.float32) @ np.float32(question["embedding"])
    keep |= set(np.argsort(-scores)[:40].tolist())
rest = [i for i in np.random.default_rng(20).permutation(len(rows)).tolist() if i not in keep]
chosen = sorted(keep | set(rest[: wanted - len(keep)]))

with gzip.GzipFile(here / "packages.jsonl.gz", "wb", compresslevel=9, mtime=0) as out:
    for i in chosen:
        out.write((json.dumps(rows[i], ensure_ascii=False, separators=(",", ":")) + "\n").encode())
np.save(here / "packages-embedding.f16.npy", vectors[chosen])
(here / "questions.json").write_text(
    "[\n" + ",\n".join(json.dumps(q, ensure_ascii=False) for q in questions) + "\n]\n"
)
print(f"{len(chosen)} rows")
