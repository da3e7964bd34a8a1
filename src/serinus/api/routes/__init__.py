"""One file of routes for each noun; each offers `routes(parts)`."""
