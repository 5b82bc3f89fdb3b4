"""From a source's files to an immutable snapshot of events."""
