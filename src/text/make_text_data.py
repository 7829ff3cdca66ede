"""Writes the word data that src/text carries inside the server, from Debian packages.

usage: make_text_data.py OUTPUT_FOLDER [PACKAGES_FOLDER]

jieba_words.txt  the dictionary of python3-jieba (MIT): "word frequency"
jieba_model.txt  its hidden Markov model, natural logarithms:
                 "start S p", "next S S p", "emit S character p"; states Begin, Middle, End, Single
stop_words.txt   Snowball's stop words as python3-whoosh (BSD-2-Clause) has them: "language word"
"""

import importlib
import pathlib
import sys

STOP_LISTS = {
    "danish": "da", "dutch": "nl", "finnish": "fi", "french": "fr", "german": "de", "hungarian": "hu",
    "italian": "it", "norwegian": "no", "portuguese": "pt", "russian": "ru", "spanish": "es", "swedish": "sv",
}  # fmt: skip


def jieba_words(packages):
    for line in (packages / "jieba/dict.txt").read_text("utf-8").splitlines():
        word, frequency = line.split(" ")[:2]
        yield f"{word} {int(frequency)}"


def jieba_model():
    def table(name):
        return importlib.import_module(f"jieba.finalseg.{name}").P

    for state, p in sorted(table("prob_start").items()):
        yield f"start {state} {p!r}"
    for state, nexts in sorted(table("prob_trans").items()):
        for following, p in sorted(nexts.items()):
            yield f"next {state} {following} {p!r}"
    for state, characters in sorted(table("prob_emit").items()):
        for character, p in sorted(characters.items()):
            yield f"emit {state} {character} {p!r}"


def stop_words():
    lists = importlib.import_module("whoosh.lang.stopwords").stoplists
    for language, code in sorted(STOP_LISTS.items()):
        for word in sorted(lists[code]):
            yield f"{language} {word}"


def main():
    out = pathlib.Path(sys.argv[1])
    packages = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "/usr/lib/python3/dist-packages")
    # In front: a virtual environment's Python does not look into Debian's folder.
    sys.path.insert(0, str(packages))
    for name, lines in (
        ("jieba_words.txt", jieba_words(packages)),
        ("jieba_model.txt", jieba_model()),
        ("stop_words.txt", stop_words()),
    ):
        (out / name).write_text("".join(line + "\n" for line in lines), "utf-8")


main()
