import errno
import os
import stat

_fsync = os.fsync


def fsync(descriptor):
    wanted = os.environ["SHIM_NAME"]
    is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    if is_directory if wanted == "." else wanted in os.readlink(f"/proc/self/fd/{descriptor}"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    _fsync(descriptor)


os.fsync = fsync
