"""The one room that knows the order of the journey, opens stores and writes the ledger."""
