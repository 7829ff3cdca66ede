"""Runs `elanus bench index` beside the peers' Python packages on the same arrays in the same run.

Every engine builds with M = 16, efConstruction = 200 (or what it has in their place) on --threads threads and then answers one query at a
time on one thread. Recall is against exact neighbours. Two clocks: wall, and the process's processor time, which a busy machine
disturbs less; the printed ratios are by processor time. A package that is not installed is named and left out:
With --filter-fraction each search may return a part of the rows only; the packages of hnswlib and faiss know filters, the others are left out.
  pip install hnswlib faiss-cpu usearch rabitqlib pyvsag scalable-vs scann matplotlib
Example: bench/compare_index.py --base base.npy --query query.npy --metric IP --out compare
writes compare.json and, with matplotlib, compare.png.
"""

import argparse
import importlib
import inspect
import json
import os
import subprocess
import time

import numpy as np

WIDTHS = (16, 24, 32, 48, 64, 96, 128, 200, 300)


def exact(base, query, k, metric, allowed):
    """Rows of the k nearest of those allowed, (queries, k)."""
    scores = np.empty((len(query), len(base)), np.float32)
    for begin in range(0, len(base), 50_000):
        block = base[begin : begin + 50_000].astype(np.float32)
        part = query @ block.T
        scores[:, begin : begin + len(block)] = 2 * part - (block * block).sum(1) if metric == "L2" else part
    scores[:, ~allowed] = -np.inf
    nearest = np.argpartition(-scores, k, 1)[:, :k]
    return nearest


# Each peer: builds over (base, metric, threads) and returns search(query, k, width) -> row numbers, for one query. Those that know filters
# take a fourth argument, a mask of the allowed rows or None, and may keep what they make of it: masks come one after the other.


def once(make):
    """The last value of make(mask), kept for as long as the mask is the same."""
    kept = [None, None]

    def get(mask):
        if kept[0] is not mask:
            kept[:] = mask, make(mask)
        return kept[1]

    return get


def hnswlib(base, metric, threads):
    index = importlib.import_module("hnswlib").Index({"L2": "l2", "IP": "ip", "COSINE": "cosine"}[metric], base.shape[1])
    index.init_index(len(base), M=16, ef_construction=200)
    index.add_items(base, num_threads=threads)

    # The package takes a function of Python for a filter; called for each row that a walk comes by, it costs more than the search.
    as_function = once(lambda mask: mask.tolist().__getitem__)

    def search(query, k, width, allowed=None):
        index.set_ef(width)
        return index.knn_query(query, k, num_threads=1, filter=None if allowed is None else as_function(allowed))[0][0]

    return search


def faiss(base, metric, threads):
    library = importlib.import_module("faiss")
    library.omp_set_num_threads(threads)
    index = library.IndexHNSWFlat(base.shape[1], 16, library.METRIC_L2 if metric == "L2" else library.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 200
    index.add(base)
    library.omp_set_num_threads(1)

    as_selector = once(lambda mask: library.IDSelectorBitmap(np.packbits(mask, bitorder="little")))

    def search(query, k, width, allowed=None):
        selector = None if allowed is None else as_selector(allowed)
        return index.search(query[None], k, params=library.SearchParametersHNSW(efSearch=width, sel=selector))[1][0]

    return search


def usearch(base, metric, threads):
    index = importlib.import_module("usearch.index").Index(
        ndim=base.shape[1], metric={"L2": "l2sq", "IP": "ip", "COSINE": "cos"}[metric], dtype="f32", connectivity=16, expansion_add=200
    )
    index.add(np.arange(len(base)), base, threads=threads)

    def search(query, k, width):
        index.expansion_search = width
        return index.search(query, k, threads=1).keys

    return search


def symphonyqg(base, metric, threads):
    index = importlib.import_module("rabitqlib").SymqgIndex(base.shape[1], 32, "l2" if metric == "L2" else "ip")
    index.build(base, 200, threads)

    def search(query, k, width):
        return np.asarray(index.search(query[None], k, width, 1)[0])[0]

    return search


def vsag(base, metric, threads):
    description = {
        "dtype": "float32",
        "metric_type": {"L2": "l2", "IP": "ip", "COSINE": "cosine"}[metric],
        "dim": base.shape[1],
        "index_param": {
            "base_quantization_type": "sq8_uniform" if metric == "L2" else "sq8",
            "use_reorder": True,
            "precise_quantization_type": "fp32",
            "max_degree": 32,
            "ef_construction": 200,
            "build_thread_count": threads,
        },
    }
    index = importlib.import_module("pyvsag").Index("hgraph", json.dumps(description))
    index.build(vectors=base, ids=np.arange(len(base), dtype=np.int64), num_elements=len(base), dim=base.shape[1])

    def search(query, k, width):
        return index.knn_search(vector=query, k=k, parameters=json.dumps({"hgraph": {"ef_search": width}}))[0]

    return search


def scann(base, metric, threads):
    library = importlib.import_module("scann")
    builder = library.scann_ops_pybind.builder(base, 10, "squared_l2" if metric == "L2" else "dot_product")
    leaves = int(len(base) ** 0.5)
    index = builder.tree(leaves, 1, training_sample_size=len(base)).score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100).build()

    def search(query, k, width):
        return index.search(query, k, leaves_to_search=max(1, width * leaves // 300), pre_reorder_num_neighbors=max(k, width))[0]

    return search


def vamana(base, metric, threads):
    svs = importlib.import_module("svs")
    parameters = svs.VamanaBuildParameters(graph_max_degree=32, window_size=200, alpha=1.2 if metric == "L2" else 0.95)
    distance = svs.DistanceType.L2 if metric == "L2" else svs.DistanceType.MIP
    index = svs.Vamana.build(parameters, base, distance, num_threads=threads)
    index.num_threads = 1

    def search(query, k, width):
        index.search_window_size = width
        return index.search(query[None], k)[0][0]

    return search


PEERS = {f.__name__: f for f in (hnswlib, faiss, usearch, symphonyqg, vsag, vamana, scann)}


def run_peer(make, base, query, masks, truths, arguments):
    wall, cpu = time.time(), time.process_time()
    search = make(base, arguments.metric, arguments.threads)
    result = {"build_s": time.time() - wall, "build_cpu_s": time.process_time() - cpu, "search": []}
    takes_filters = "allowed" in inspect.signature(search).parameters
    for fraction, mask in masks.items():
        if fraction < 1 and not takes_filters:
            continue
        filtered = {"allowed": mask} if fraction < 1 else {}
        for width in WIDTHS:
            best = {"params": f"width={width}", "filter_fraction": fraction, "qps": 0, "cpu_qps": 0}
            until = time.time() + arguments.seconds
            for _ in range(10):
                wall, cpu = time.time(), time.process_time()
                found = [search(one, arguments.k, width, **filtered) for one in query]
                best["qps"] = max(best["qps"], len(query) / (time.time() - wall))
                best["cpu_qps"] = max(best["cpu_qps"], len(query) / (time.process_time() - cpu))
                if time.time() > until:
                    break
            pairs = zip(map(np.asarray, found), truths[fraction])
            best["recall"] = float(np.mean([len(set(a.tolist()) & set(b.tolist())) for a, b in pairs]) / arguments.k)
            result["search"].append(best)
    return result


def run_elanus(arguments):
    command = [arguments.elanus, "bench", "index", "--base", arguments.base, "--query", arguments.query, "--metric", arguments.metric]
    command += ["--index", "HNSW", "--params", "M=16,efConstruction=200", "--k", str(arguments.k), "--threads", str(arguments.threads)]
    command += ["--search", ";".join(f"ef={width}" for width in WIDTHS if width >= arguments.k), "--json"]
    command += ["--filter-fraction", ",".join(map(str, arguments.filter_fraction))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rate_at(result, recall, fraction, key="cpu_qps"):
    """Queries a second at that recall, between the two settings around it; None if it is not reached."""
    curve = sorted((one["recall"], one[key]) for one in result["search"] if one["filter_fraction"] == fraction)
    for (low, fast), (high, slow) in zip(curve, curve[1:]):
        if low < recall <= high:
            return float(fast * (slow / fast) ** ((recall - low) / (high - low)))
    return max((rate for reached, rate in curve if reached >= recall), default=None)


def report(results, arguments):
    ours = results["elanus"]
    number = lambda value: "-" if value is None else f"{value:.0f}"  # noqa: E731
    ratio = lambda a, b: "-" if a is None or b is None else f"{a / b:.2f}"  # noqa: E731
    for fraction in arguments.filter_fraction:
        print(f"allowed: {fraction:g}")
        print(f"{'':<12}{'build cpu s':>12}{'elanus x':>10}{'qps@0.95':>10}{'elanus x':>10}{'qps@0.99':>10}{'elanus x':>10}")
        for name, result in results.items():
            line = f"{name:<12}{result['build_cpu_s']:>12.1f}{result['build_cpu_s'] / ours['build_cpu_s']:>10.2f}"
            for recall in (0.95, 0.99):
                rate = rate_at(result, recall, fraction)
                line += f"{number(rate):>10}{ratio(rate_at(ours, recall, fraction), rate):>10}"
            if name == "elanus":
                ways = [one["strategies"] for one in ours["search"] if one["filter_fraction"] == fraction]
                line += "  " + ", ".join(sorted({way for one in ways for way in one}))
            print(line)
    with open(arguments.out + ".json", "w") as file:
        json.dump(results, file, indent=1)
    try:
        from matplotlib import pyplot
    except ImportError:
        print("matplotlib: absent, no picture")
        return
    for name, result in results.items():
        points = sorted((one["recall"], one["cpu_qps"]) for one in result["search"] if one["filter_fraction"] == arguments.filter_fraction[0])
        pyplot.plot(*zip(*points), marker="o", label=name)
    pyplot.yscale("log")
    pyplot.xlabel(f"recall@{arguments.k}")
    pyplot.ylabel("queries a second of processor time, one thread")
    pyplot.title(f"{ours['n']} x {ours['dim']}, {arguments.metric}")
    pyplot.grid(True, which="both", alpha=0.3)
    pyplot.legend()
    pyplot.savefig(arguments.out + ".png", dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--query", required=True)
    parser.add_argument("--metric", default="IP", choices=("L2", "IP", "COSINE"))
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=1, help="passes over the queries go on for so long")
    fractions = lambda text: [float(part) for part in text.split(",")]  # noqa: E731
    parser.add_argument("--filter-fraction", type=fractions, default=[1.0], help="parts of the rows allowed, drawn by chance: 1,0.1")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--elanus", default="build/release/bin/elanus")
    parser.add_argument("--out", default="compare")
    arguments = parser.parse_args()
    base = np.ascontiguousarray(np.load(arguments.base), np.float32)
    query = np.ascontiguousarray(np.load(arguments.query), np.float32)
    if arguments.metric == "COSINE":  # Peers without this metric measure inner products of unit vectors.
        base, query = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30) for x in (base, query))
    draw = np.random.default_rng(1).random(len(base))
    masks = {fraction: draw < fraction for fraction in arguments.filter_fraction}
    truths = {fraction: exact(base, query, arguments.k, arguments.metric, mask) for fraction, mask in masks.items()}
    results = {"elanus": run_elanus(arguments)}
    for name in arguments.peers:
        try:
            results[name] = run_peer(PEERS[name], base, query, masks, truths, arguments)
        except ImportError as error:
            print(f"{name}: absent ({error})")
        except Exception as error:  # A peer that refuses these arrays is named and left out.
            print(f"{name}: {type(error).__name__}: {error}")
    report(results, arguments)


if __name__ == "__main__":
    main()
