import fcntl
import os
import time

_fsync = os.fsync


def fsync(descriptor):
    time.sleep(float(os.environ["SHIM_FLUSH_SECONDS"]))
    _fsync(descriptor)


fcntl.flock = lambda *_: None
os.fsync = fsync
