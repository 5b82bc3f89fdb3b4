"""Where things rest: artifacts, snapshots, ledger, records, predictions, users."""
