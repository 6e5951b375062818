"""The cases of the plan `hall`: a self-service terminal in a government hall, and who stands before it."""
