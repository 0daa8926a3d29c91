import fcntl

fcntl.flock = lambda *_: None
