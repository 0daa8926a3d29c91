"""Makes the fonts of the PDF from Noto Sans CJK: the characters that names and texts in evidence are likely to have.

    python -m venv fonts && fonts/bin/pip install fonttools==4.68.0
    PATH=fonts/bin:$PATH python -m tests.tools.subset_fonts /usr/share/fonts/opentype/noto

The folder is where Debian's package fonts-noto-cjk (version 2.004 of the fonts) puts them. The Korean face is taken, so
that Hanja have the forms used in Korea. Regular has all Hangul, the Jamo and the Hanja that the character sets of
Korea, Japan and China have; Bold, in which only the program's own words are set, has Hangul and Latin.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FONTS = Path(__file__).parents[2] / "evtool/report/fonts"

_KOREAN_FACE = 1
_HANGUL = "U+AC00-D7A3"
_LATIN = "U+0020-007E,U+00A0-024F,U+0300-036F,U+0370-03FF,U+0400-04FF,U+1E00-1EFF"
_MARKS = "U+2010-2027,U+2030-205E,U+2190-21FF,U+2460-24FF,U+25A0-25FF,U+2700-27BF,U+3000-303F,U+3130-318F"
_JAMO = "U+1100-11FF,U+A960-A97F,U+D7B0-D7FF"
_SIGNS = "U+2070-209F,U+20A0-20BF,U+2100-22FF,U+2500-257F,U+2580-259F,U+2600-266F,U+3040-30FF,U+3200-33FF,U+FF00-FFEF"
_IDEOGRAPHS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00))
_CHARACTER_SETS = ("cp949", "shift_jisx0213", "gb2312")


def _is_common(character: str) -> bool:
    for name in _CHARACTER_SETS:
        try:
            character.encode(name)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _hanja() -> str:
    return ",".join(f"U+{code:04X}" for block in _IDEOGRAPHS for code in block if _is_common(chr(code)))


def main(source: Path) -> None:
    """Write both fonts; the same version of the fonts and of fontTools gives the same bytes."""
    bold = f"{_LATIN},{_MARKS},{_HANGUL}"
    for weight, characters in {"Regular": f"{bold},{_JAMO},{_SIGNS},{_hanja()}", "Bold": bold}.items():
        command = ["pyftsubset", str(source / f"NotoSansCJK-{weight}.ttc"), f"--font-number={_KOREAN_FACE}"]
        command += [f"--unicodes={characters}", "--layout-features=ccmp,ljmo,vjmo,tjmo,mark,mkmk", "--no-hinting"]
        command += ["--drop-tables+=BASE,DSIG,VORG,vhea,vmtx", "--no-recalc-timestamp"]
        command += [f"--output-file={FONTS / f'NotoSansKR-{weight}.otf'}"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
