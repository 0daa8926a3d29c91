"""The catalogue of a repository on disk: an index over records, which can be made again from them and the journal."""
