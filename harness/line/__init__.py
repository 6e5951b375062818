"""Lines and the tape: the only place with input and output on a line."""
