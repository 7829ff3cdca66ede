"""A dull evaluator of filters in Python, and a generator of random ones: the other opinion.

A predicate is (text, function of a row -> True, False or None for UNKNOWN). Where the 2.6 and 3.0 lines
differ (contract/query.md 2.1), `newer` says which one the server reports.
"""

from __future__ import annotations

import json
import math
import operator
import random

OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
WORDS = ["", "a", "ab", "abc", "b", "ba", "xyz", "\u00fcber", "100%", "a_b", "caf\u00e9"]


def make_row(number: int, rng: random.Random) -> dict:
    row = {
        "id": number,
        "i": rng.randint(-20, 20),
        "i8": rng.randint(-128, 127),
        "f": rng.choice([-1.5, 0.0, 0.25, 3.0, 7.75]),
        "s": rng.choice(WORDS),
        "b": rng.random() < 0.5,
        "n": rng.choice([None, None, -3, 0, 4, 9]),
        "arr": [rng.randint(0, 6) for _ in range(rng.randint(0, 4))],
    }
    document = {}
    if rng.random() < 0.8:
        document["a"] = rng.choice([1, 2, 2.5, -4, "x", "yes", True, None, [1, 2], {}, [], {"k": 0}])
    if rng.random() < 0.5:
        document["deep"] = {"k": rng.choice([0, 5, "z", None])}
    if rng.random() < 0.5:
        document["list"] = rng.choice([[], [1, 2, 3], ["x", 1], [3.0], ["yes"]])
    row["j"] = document
    if rng.random() < 0.6:
        row["dyn"] = rng.choice([1, 2, "x", 7.5, False])
    return row


def quote(value) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def number_of(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


class Generator:
    def __init__(self, seed: int, newer: bool):
        self.rng = random.Random(seed)
        self.unknown = None if newer else False  # What a missing path answers to == < in ...
        self.unknown_not = None if newer else True  # ... and to != and `not in`.

    def predicate(self, depth: int = 3):
        kinds = [self.compare, self.compare, self.chain, self.member, self.like, self.nullness, self.arithmetic,
                 self.json_compare, self.json_member, self.json_exists, self.contains, self.element, self.length,
                 self.columns]  # fmt: skip
        if depth > 0 and self.rng.random() < 0.55:
            kinds = [self.both, self.either, self.negation]
            return self.rng.choice(kinds)(depth - 1)
        return self.rng.choice(kinds)()

    # --- three-valued logic ---

    def both(self, depth):
        (lt, lf), (rt, rf) = self.predicate(depth), self.predicate(depth)

        def value(row):
            left, right = lf(row), rf(row)
            if left is False or right is False:
                return False
            return None if left is None or right is None else True

        return f"({lt}) {self.rng.choice(['and', '&&', 'AND'])} ({rt})", value

    def either(self, depth):
        (lt, lf), (rt, rf) = self.predicate(depth), self.predicate(depth)

        def value(row):
            left, right = lf(row), rf(row)
            if left is True or right is True:
                return True
            return None if left is None or right is None else False

        return f"({lt}) {self.rng.choice(['or', '||'])} ({rt})", value

    def negation(self, depth):
        text, inner = self.predicate(depth)
        return f"not ({text})", lambda row: None if inner(row) is None else not inner(row)

    # --- columns ---

    def literal(self, field):
        return {
            "i": lambda: self.rng.randint(-22, 22),
            "id": lambda: self.rng.randint(-5, 400),
            "i8": lambda: self.rng.randint(-300, 300),
            "n": lambda: self.rng.choice([-3, 0, 4, 5]),
            "f": lambda: self.rng.choice([-1.5, 0.25, 3, 8]),
            "s": lambda: self.rng.choice(WORDS),
            "b": lambda: self.rng.random() < 0.5,
        }[field]()

    def compare(self):
        field = self.rng.choice(["i", "id", "i8", "f", "s", "b", "n"])
        op = self.rng.choice(["==", "!="] if field == "b" else list(OPERATORS))
        value, function = self.literal(field), OPERATORS[op]
        if field == "s" and function not in (operator.eq, operator.ne):
            return f"s {op} {quote(value)}", lambda row: function(row["s"].encode(), value.encode())
        return f"{field} {op} {quote(value)}", lambda row: None if row[field] is None else function(row[field], value)

    def chain(self):
        field = self.rng.choice(["i", "n", "id"])
        low = self.rng.randint(-20, 10)
        high = low + self.rng.randint(1, 25)
        first, second = self.rng.choice(["<", "<="]), self.rng.choice(["<", "<="])
        a, b = OPERATORS[first], OPERATORS[second]
        return (f"{low} {first} {field} {second} {high}",
                lambda row: None if row[field] is None else a(low, row[field]) and b(row[field], high))  # fmt: skip

    def member(self):
        field = self.rng.choice(["i", "s", "n", "id"])
        values = [self.literal(field) for _ in range(self.rng.randint(0, 5))]
        negated = self.rng.random() < 0.4
        text = f"{field} {'not in' if negated else 'in'} [{', '.join(map(quote, values))}]"

        def value(row):
            if row[field] is None:
                return None  # UNKNOWN, whatever the list.
            return (row[field] in values) != negated

        return text, value

    def like(self):
        core = self.rng.choice(["a", "b", "ab", "\u00fc", "x"])
        shape = self.rng.choice(["start", "end", "inside", "whole"])
        pattern = {"start": core + "%", "end": "%" + core, "inside": "%" + core + "%", "whole": core}[shape]
        test = {"start": str.startswith, "end": str.endswith, "inside": str.__contains__, "whole": str.__eq__}[shape]
        return f's like "{pattern}"', lambda row: test(row["s"], core)

    def nullness(self):
        return self.rng.choice([
            ("n is null", lambda row: row["n"] is None),
            ("n is not null", lambda row: row["n"] is not None),
        ])  # fmt: skip

    def arithmetic(self):
        field = self.rng.choice(["i", "n"])
        op, constant = self.rng.choice([("+", 3), ("-", 2), ("*", 2), ("/", 3), ("%", 4)])
        compare, value = self.rng.choice(list(OPERATORS)), self.rng.randint(-9, 9)

        def apply(x):
            if op == "/":
                return int(x / constant)
            if op == "%":
                return int(math.fmod(x, constant))
            return {"+": x + constant, "-": x - constant, "*": x * constant}[op]

        return (f"{field} {op} {constant} {compare} {value}",
                lambda row: None if row[field] is None else OPERATORS[compare](apply(row[field]), value))  # fmt: skip

    def columns(self):
        op = self.rng.choice(list(OPERATORS))
        return f"i {op} n", lambda row: None if row["n"] is None else OPERATORS[op](row["i"], row["n"])

    # --- JSON ---

    PATHS = {
        'j["a"]': lambda row: row["j"].get("a"),
        'j["deep"]["k"]': lambda row: row["j"].get("deep", {}).get("k"),
        "dyn": lambda row: row.get("dyn"),
        '$meta["dyn"]': lambda row: row.get("dyn"),
    }

    def path(self):
        return self.rng.choice(list(self.PATHS.items()))

    def json_compare(self):
        text, get = self.path()
        op, value = self.rng.choice(list(OPERATORS)), self.rng.choice([0, 1, 2, 2.5, -4, "x", "yes"])

        def answer(row):
            found = get(row)
            fits = isinstance(found, str) if isinstance(value, str) else number_of(found) is not None
            if not fits:
                return self.unknown_not if op == "!=" else self.unknown
            return OPERATORS[op](found, value)

        return f"{text} {op} {quote(value)}", answer

    def json_member(self):
        text, get = self.path()
        values = self.rng.choice([[1, 2], ["x", "yes"], [7, 5]])
        negated = self.rng.random() < 0.4

        def answer(row):
            found = get(row)
            fits = isinstance(found, str) if isinstance(values[0], str) else number_of(found) is not None
            if not fits:
                return self.unknown_not if negated else self.unknown
            return (found in values) != negated

        return f"{text} {'not in' if negated else 'in'} [{', '.join(map(quote, values))}]", answer

    def json_exists(self):
        text, get = self.path()

        def empty(value):
            if isinstance(value, list):
                return all(empty(v) for v in value)
            if isinstance(value, dict):
                return all(empty(v) for v in value.values())
            return value is None

        return f"exists {text}", lambda row: not empty(get(row))

    # --- arrays ---

    def contains(self):
        values = self.rng.sample(range(8), self.rng.randint(1, 3))
        name, test = self.rng.choice([
            ("array_contains_all", all), ("array_contains_any", any), ("ARRAY_CONTAINS_ANY", any), ("array_contains", None)])  # fmt: skip
        if test is None:
            return f"array_contains(arr, {values[0]})", lambda row: values[0] in row["arr"]
        return f"{name}(arr, {values})", lambda row: test(v in row["arr"] for v in values)

    def element(self):
        index, op, value = self.rng.randint(0, 3), self.rng.choice(list(OPERATORS)), self.rng.randint(0, 6)
        return (f"arr[{index}] {op} {value}",
                lambda row: self.unknown if index >= len(row["arr"]) else OPERATORS[op](row["arr"][index], value))  # fmt: skip

    def length(self):
        op, value = self.rng.choice(list(OPERATORS)), self.rng.randint(0, 4)
        return f"array_length(arr) {op} {value}", lambda row: OPERATORS[op](len(row["arr"]), value)
