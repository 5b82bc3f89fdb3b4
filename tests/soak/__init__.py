"""Harnesses that harm a store on purpose: a short form in the tests, a long one by `make soak`."""
