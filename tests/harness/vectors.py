"""Brute-force answers in NumPy: the dullest correct search, for every vector type and metric."""

from __future__ import annotations

import numpy as np
from ml_dtypes import bfloat16
from pymilvus import DataType

FLOAT_METRICS = ("L2", "IP", "COSINE")
BINARY_METRICS = ("HAMMING", "JACCARD")
LARGER_IS_BETTER = {"IP", "COSINE"}

# type -> metrics; what a collection of that type may be searched by.
METRICS = {
    DataType.FLOAT_VECTOR: FLOAT_METRICS,
    DataType.FLOAT16_VECTOR: FLOAT_METRICS,
    DataType.BFLOAT16_VECTOR: FLOAT_METRICS,
    DataType.INT8_VECTOR: FLOAT_METRICS,
    DataType.BINARY_VECTOR: BINARY_METRICS,
}


def make(vector_type: DataType, rows: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """Clustered vectors (so that neighbours mean something), in the type's own precision."""
    if vector_type == DataType.BINARY_VECTOR:
        centres = rng.integers(0, 2, (8, dim), dtype=np.uint8)
        bits = centres[rng.integers(0, 8, rows)] ^ (rng.random((rows, dim)) < 0.15)
        return np.packbits(bits.astype(np.uint8), axis=1)
    centres = rng.standard_normal((8, dim))
    values = centres[rng.integers(0, 8, rows)] + 0.4 * rng.standard_normal((rows, dim))
    if vector_type == DataType.INT8_VECTOR:
        return np.clip(np.rint(values * 30), -128, 127).astype(np.int8)
    kinds = {DataType.FLOAT16_VECTOR: np.float16, DataType.BFLOAT16_VECTOR: bfloat16}
    return values.astype(kinds.get(vector_type, np.float32))


def to_client(vector_type: DataType, vector: np.ndarray):
    """One vector as pymilvus wants it."""
    if vector_type == DataType.FLOAT_VECTOR:
        return vector.tolist()
    if vector_type == DataType.BINARY_VECTOR:
        return vector.tobytes()
    return vector


def scores(vector_type: DataType, metric: str, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(num_queries, num_rows), in the scale that clients see."""
    if vector_type == DataType.BINARY_VECTOR:
        q = np.unpackbits(queries, axis=1).astype(np.int64)
        r = np.unpackbits(rows, axis=1).astype(np.int64)
        both = q @ r.T
        if metric == "HAMMING":
            return q.sum(1)[:, None] + r.sum(1)[None, :] - 2 * both
        either = q.sum(1)[:, None] + r.sum(1)[None, :] - both
        return 1 - both / np.maximum(either, 1)
    q, r = queries.astype(np.float64), rows.astype(np.float64)
    product = q @ r.T
    if metric == "IP":
        return product
    if metric == "COSINE":
        return product / (np.linalg.norm(q, axis=1)[:, None] * np.linalg.norm(r, axis=1)[None, :])
    return (q**2).sum(1)[:, None] + (r**2).sum(1)[None, :] - 2 * product


def nearest(vector_type, metric, queries, rows, k, mask=None) -> np.ndarray:
    """Row numbers of the best k, best first; equal scores in row order."""
    values = scores(vector_type, metric, queries, rows)
    values = (-values if metric in LARGER_IS_BETTER else values).astype(np.float64)
    if mask is not None:
        values[:, ~mask] = np.inf
    order = np.argsort(values, axis=1, kind="stable")[:, :k]
    if mask is not None:
        order = order[:, : int(mask.sum())]
    return order


def recall(expected: np.ndarray, found: list[list[int]]) -> float:
    hits = sum(len(set(e.tolist()) & set(f)) for e, f in zip(expected, found))
    return hits / max(1, expected.size)
