"""Checks a sealed directory or an unpacked bundle without evtool. It is being written, and checks nothing yet."""

import sys

if __name__ == "__main__":
    print("nothing was checked")
    sys.exit(4 if len(sys.argv) > 1 else 2)
