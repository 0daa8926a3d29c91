"""A command line that is not finished, taken apart as bash would."""

from __future__ import annotations


def split_line(line: str) -> list[str]:
    """Give the words up to the cursor, without quotes; the last one is being typed, and may be empty.

    Nothing in it is expanded or run: `$`, `~` and backticks stand for themselves.
    """
    words: list[str] = []
    word: list[str] | None = None
    quote, at = "", 0
    while at < len(line):
        character = line[at]
        at += 1
        if quote:
            if character == quote:
                quote = ""
                continue
            if character == "\\" and quote == '"' and line[at : at + 1] in ('"', "\\", "$", "`"):
                character, at = line[at], at + 1
        elif character.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
            continue
        elif character in "'\"":
            quote, word = character, word or []
            continue
        elif character == "\\":
            character, at = line[at : at + 1], at + 1
        word = word or []
        word.append(character)
    return [*words, "".join(word or [])]
