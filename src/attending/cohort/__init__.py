"""Who is predicted for, when, and what became of them."""
