"""The web application: pages per reader and the scoring service."""
