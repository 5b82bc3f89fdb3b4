"""One test a fault: first without the guard, where the harm is seen, then with it."""
