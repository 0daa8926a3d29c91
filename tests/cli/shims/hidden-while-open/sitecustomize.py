import os

_unlink, _close = os.unlink, os.close
_hidden = {}


def unlink(path, *, dir_fd=None):
    wanted = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), os.fsdecode(path)) if dir_fd is not None else path
    wanted = os.path.realpath(wanted)
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            is_open = os.readlink(f"/proc/self/fd/{number}") == wanted
        except OSError:
            continue
        if is_open:
            _hidden[number] = os.path.join(os.path.dirname(wanted), f".fuse_hidden{number:08x}")
            os.rename(wanted, _hidden[number])
            return
    _unlink(path, dir_fd=dir_fd)


def rmdir(path, *, dir_fd=None):
    for number, name in list(_hidden.items()):
        if not os.path.exists(f"/proc/self/fd/{number}"):
            _unlink(_hidden.pop(number) or name)
    _rmdir(path, dir_fd=dir_fd)


_rmdir = os.rmdir
os.unlink = os.remove = unlink
os.rmdir = rmdir
