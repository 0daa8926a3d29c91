"""Runs evtool as `python -m evtool`."""

from evtool.cli.main import main

if __name__ == "__main__":
    main()
