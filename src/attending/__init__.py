"""attending: from a prototype model to one that clinicians can trust, and a verdict every day."""

__version__ = "0.1.0"
