"""What all simulators share: the back door, faults on HTTP, and how an HTTP party is put together."""
