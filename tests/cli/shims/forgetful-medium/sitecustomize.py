import os

_link = os.link


def link(source, target, **options):
    _link(source, target, **options)
    if os.environ["SHIM_NAME"].encode() == os.path.basename(target):
        descriptor = os.open(target, os.O_RDWR, dir_fd=options["dst_dir_fd"])
        last = os.fstat(descriptor).st_size - 2
        byte = os.pread(descriptor, 1, last)
        os.pwrite(descriptor, bytes([byte[0] ^ 1]), last)
        os.close(descriptor)


os.link = link
