"""Runs evtool as `python -m evtool`."""

import os
import sys

if __name__ == "__main__":
    # `-m` searches the current directory first, so a json.py among the evidence would be run. What has been imported
    # so far came with the start of Python, but for this package, which may lie in the current directory itself.
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not sys.flags.safe_path and sys.path and sys.path[0] != home:
        del sys.path[0]

    from evtool.cli.app import main

    main()
