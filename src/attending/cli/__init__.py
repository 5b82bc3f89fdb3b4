"""The command line: one verb per step, text for people, `--json` for machines."""
