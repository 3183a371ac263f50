"""Reads nginx' configuration with its includes into directives that know their block and their line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from .findings import Found, Place, Unreadable
from .sources import read

_TOKEN = re.compile(r"""\s+|\#[^\n]*|(?P<word>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};"']+)""")


@dataclass
class Directive:
    name: str
    words: list[str]
    place: Place
    block: list[Directive] = field(default_factory=list)

    @property
    def found(self) -> Found:
        return Found(" ".join(self.words), self.place)

    def inside(self, name: str) -> list[Directive]:
        return [directive for directive in self.block if directive.name == name]

    def anywhere(self, name: str) -> Iterator[Directive]:
        for directive in self.block:
            if directive.name == name:
                yield directive
            yield from directive.anywhere(name)


def read_nginx(main: Path) -> Directive:
    """The whole configuration as one directive without a name."""
    root = Directive("", [], Place(main, 1))
    _parse(main, main.parent, root)
    return root


def _words(path: Path) -> Iterator[tuple[str, int]]:
    text = read(path)
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unreadable(Place(path, line), "a quote is not closed", "close it")
        if match["word"]:
            yield match["word"], line
        line += match[0].count("\n")
        position = match.end()


def _parse(path: Path, home: Path, parent: Directive) -> None:
    stack, words, first = [parent], [], 1
    for word, line in _words(path):
        if word not in "{};":
            first = first if words else line
            words.append(word.strip("\"'"))
        elif word == "}":
            stack.pop()
            if not stack:
                raise Unreadable(Place(path, line), "a } has no {", "mend the blocks")
        elif words:
            made = Directive(words[0], words[1:], Place(path, first))
            if made.name == "include":
                _include(made, home, stack[-1])
            else:
                stack[-1].block.append(made)
            if word == "{":
                stack.append(made)
            words = []
    if len(stack) > 1:
        raise Unreadable(stack[-1].place, "a { is not closed", "close it")


def _include(directive: Directive, home: Path, parent: Directive) -> None:
    """Files of the image (mime.types) and generated ones need not be here."""
    pattern = directive.words[0]
    for path in sorted(home.glob(pattern)) if not pattern.startswith("/") else []:
        _parse(path, home, parent)
