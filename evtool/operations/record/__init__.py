"""Reading a record: what lies on disk, what it says, and which of its items are meant."""
