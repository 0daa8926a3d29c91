"""What came of a command, in words and as a document, where several commands answer alike."""
