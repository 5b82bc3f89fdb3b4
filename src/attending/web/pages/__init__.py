"""Pages for people: one module a page, each with its route, what it reads and its view."""
