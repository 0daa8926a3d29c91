"""What decides whether old evidence still verifies.

Everything here is pure: bytes come in, values go out. No disk, no clock, no network, no randomness; whoever calls
hands those in, so the same input always gives the same verdict. A change in this package can break every seal ever
made, which is why it is made slowly, with `manifests/FORMAT.md` and the vectors under `tests/` beside it.
"""

__version__ = "0.2.0"
"""The version of evtool; entries, bundles and reports name it."""
