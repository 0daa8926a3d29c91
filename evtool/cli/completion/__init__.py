"""Completion: what a shell is told when somebody presses TAB.

A shell asks at every TAB, and its user waits. So no command is imported: `table.txt` has what the commands declare,
made by `tests/tools/write_command_pages.py` and checked to be current by a test. The environment variable
`_EVTOOL_COMPLETE` names the shell that asks; the scripts beside this file do.

What a record or a list holds was written by others and goes into the line that its reader types. So only words of
letters, digits and few signs are offered, which no shell reads as anything but themselves, and names of files are left
to the shell. Nothing that goes wrong is told: then nothing is completed.
"""

VARIABLE = "_EVTOOL_COMPLETE"
"""The variable in which a shell that wants words puts its name."""

SHELLS = ("bash", "zsh", "fish")
"""Those for which there is a script."""
