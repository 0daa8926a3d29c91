"""Takes away what Python lacks on Windows, and has the calls of the system that are left answer as they do there."""

import _ssl

# What is imported now decides by the real system: these could not be imported as they are on Windows.
import ctypes  # noqa: F401
import errno
import fcntl
import functools
import getpass
import os
import select
import shutil  # noqa: F401
import signal
import socket
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401

import click  # noqa: F401

if "SHIM_PLATFORM" in os.environ:
    # The processes that do the work are started as on macOS: those of Windows need calls that nothing here has.
    import multiprocessing.popen_spawn_posix
    import multiprocessing.resource_tracker  # noqa: F401

_AWAY = {
    os: "fork forkpty getuid geteuid getgid getegid getgroups setsid setpgid getpgid killpg chown lchown fchown fchmod "
    "lchmod pread pwrite preadv pwritev readv writev posix_fadvise posix_fallocate memfd_create pidfd_open "
    "sched_getaffinity sched_setaffinity sysconf statvfs fstatvfs mkfifo mknod sync copy_file_range fdatasync nice "
    "uname sendfile getxattr listxattr setxattr "
    "O_NOFOLLOW O_CLOEXEC O_NONBLOCK O_NOCTTY O_DIRECTORY O_NOATIME O_SYNC O_DSYNC O_PATH "
    "WNOHANG MFD_CLOEXEC getloadavg openpty ttyname tcgetpgrp",
    socket: "AF_UNIX send_fds recv_fds",
    select: "poll epoll",
    signal: "SIGKILL SIGXCPU SIGXFSZ SIGALRM SIGHUP SIGPIPE SIGUSR1 SIGUSR2 SIGCHLD setitimer",
}
"""Names that the modules do not have on Windows (Python 3.11: os, socket, select, signal)."""

for _module, _names in _AWAY.items():
    for _name in _names.split():
        if hasattr(_module, _name):
            delattr(_module, _name)
for _name in ("fcntl", "resource", "termios", "tty", "pwd", "grp", "syslog", "posix_spawn"):
    sys.modules[_name] = None
for _calls in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
    _calls.clear()
sys.platform = os.environ.get("SHIM_PLATFORM", "win32")

getpass.getpass = getpass.fallback_getpass
_ssl.enum_certificates = _ssl.enum_crls = lambda *_: []
os.O_BINARY = 1 << 28
os.O_TEMPORARY = 1 << 29
_vanishing = {}
"""Descriptors of files that are removed when they are closed -> their paths."""

_open, _close, _fsync, _scandir, _listdir, _lstat = os.open, os.close, os.fsync, os.scandir, os.listdir, os.lstat
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def _as_there(path):
    """Give the path that Windows makes of one, or raise what it raises."""
    text = os.fsdecode(path)
    if len(os.path.abspath(text)) > 259:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    names = []
    for name in text.replace("\\", "/").split("/"):
        if any(ord(sign) < 32 or sign in '<>"|?*:' for sign in name):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        name = name if name in (".", "..") else name.rstrip(". ")
        names.append(_in_its_case("/".join(names) or ("/" if names else "."), name))
    if names[-1].partition(".")[0].lower() in _RESERVED:
        return type(path)(os.fsencode(os.devnull) if isinstance(path, bytes) else os.devnull)
    made = "/".join(names)
    return os.fsencode(made) if isinstance(path, bytes) else made


def _in_its_case(directory, name):
    """Give a name as it is spelled in a directory, if it is there in other capitals."""
    try:
        _lstat(f"{directory}/{name}")
    except FileNotFoundError:
        try:
            others = [other for other in _listdir(directory) if other.casefold() == name.casefold()]
        except OSError:
            others = []
        return others[0] if others else name
    except OSError:
        pass
    return name


def _open_here(path):
    """Tell whether this process has a file open at a path, or below it: Windows neither removes nor renames it then."""
    wanted = os.path.realpath(os.fsdecode(path))
    for number in _listdir("/proc/self/fd"):
        try:
            found = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if found == wanted or found.startswith(wanted + "/"):
            return True
    return False


def open_(path, flags, mode=0o777, *, dir_fd=None):
    if dir_fd is not None:
        raise NotImplementedError("dir_fd unavailable on this platform")
    path = _as_there(path)
    if flags & os.O_EXCL and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    if os.path.isdir(path) or (os.path.realpath(os.fsdecode(path)) in map(os.path.realpath, _vanishing.values())):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    descriptor = _open(path, flags & ~(os.O_BINARY | os.O_TEMPORARY), mode)
    if flags & os.O_TEMPORARY:
        _vanishing[descriptor] = os.fsdecode(path)
    return descriptor


def close(descriptor):
    _close(descriptor)
    if descriptor in _vanishing:
        _unlink(_vanishing.pop(descriptor))


def fsync(descriptor):
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & 3 == os.O_RDONLY:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    _fsync(descriptor)


def scandir(path="."):
    if isinstance(path, int):
        raise TypeError("scandir: path should be string, bytes, os.PathLike or None, not int")
    return _scandir(path)


def listdir(path="."):
    if isinstance(path, int):
        raise TypeError("listdir: path should be string, bytes, os.PathLike or None, not int")
    return _listdir(path)


_unlink = os.unlink


def _by_path(call, places, *, moves=False, replaces=False):
    """Wrap a call of the system whose first arguments are paths."""

    @functools.wraps(call)
    def there(*arguments, **options):
        if any(options.pop(name, None) is not None for name in ("dir_fd", "src_dir_fd", "dst_dir_fd")):
            raise NotImplementedError("dir_fd unavailable on this platform")
        paths = [_as_there(path) if not isinstance(path, int) else path for path in arguments[:places]]
        if moves and any(os.path.lexists(path) and _open_here(path) for path in paths):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), paths[0])
        if places == 2 and not replaces and os.path.lexists(paths[1]):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), paths[1])
        return call(*paths, *arguments[places:], **options)

    return there


def symlink(*arguments, **options):
    raise OSError(errno.EINVAL, "a required privilege is not held by the client")


os.open, os.close, os.fsync, os.scandir, os.listdir, os.symlink = open_, close, fsync, scandir, listdir, symlink
os.stat = _by_path(os.stat, 1)
os.lstat = _by_path(os.lstat, 1)
os.supports_fd.add(os.stat)
os.mkdir = _by_path(os.mkdir, 1)
os.unlink = os.remove = _by_path(os.unlink, 1, moves=True)
os.rmdir = _by_path(os.rmdir, 1, moves=True)
os.rename = _by_path(os.rename, 2, moves=True)
os.replace = _by_path(os.replace, 2, moves=True, replaces=True)
os.link = _by_path(os.link, 2)
