"""One verification, told in full: the verdict together with the record and the program that checked it."""
