"""The cases of the plan `pharmacy`: a purchase at the counter, and everything that goes wrong around it."""
