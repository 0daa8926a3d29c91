import os
import stat

_fsync = os.fsync


def fsync(descriptor):
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        number = int(os.environ["SHIM_ERRNO"])
        raise OSError(number, os.strerror(number))
    _fsync(descriptor)


os.fsync = fsync
