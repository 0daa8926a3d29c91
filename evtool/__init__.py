"""Evidence integrity toolkit: seal, sign, time-stamp and verify directories of evidence, offline.

What the commands do, a program can do with the same functions:

    import evtool

    report = evtool.verify("interview-0042", evtool.VerifyOptions(trust=evtool.load_trust()))
    language = evtool.choose_language()
    for finding in report.findings:
        print(finding.code.value, language.say_finding(finding))
    assert report.exit_code is evtool.ExitCode.OK

    anchors = evtool.load_anchors().anchors
    written = evtool.write_request("interview-0042")  # written.data is what an authority gets, on another machine
    evtool.import_response("interview-0042", answer, anchors)

The public interface is the list in `__init__.pyi`. A name is imported when it is first used, so that `import evtool` is
quick; `dir(evtool)` and `help(evtool)` show all of them.
"""

from __future__ import annotations

from typing import Any

_homes: dict[str, str] = {}
"""Public name -> the module that it is imported from; empty until somebody asks."""


def _read_homes() -> dict[str, str]:
    """Read the list of public names, once."""
    if not _homes:
        # Not at the top: the command line imports this package with every start, and needs none of it.
        import ast
        import pkgutil

        stub = ast.parse(pkgutil.get_data(__name__, "__init__.pyi") or b"")
        imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
        _homes.update({alias.name: node.module or "" for node in imports for alias in node.names})
    return _homes


def __dir__() -> list[str]:
    return sorted(_read_homes())


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return [public for public in __dir__() if not public.startswith("_")]
    is_public = name == "__version__" or not name.startswith("_")
    if not (is_public and name in _read_homes()):
        raise AttributeError(f"module 'evtool' has no attribute {name!r}")
    # Not at the top, for the same reason.
    import importlib

    value = getattr(importlib.import_module(_homes[name]), name)
    globals()[name] = value
    return value
