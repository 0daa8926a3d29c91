"""The command line: one file a command."""

import sys

# Start-up time: where typing_extensions is installed, msgspec takes from it what Python 3.11 has itself, and importing
# it takes half as long as Python takes to start. So msgspec does not find it; whoever asks later does.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # as the import system has it
    try:
        import msgspec as _  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
