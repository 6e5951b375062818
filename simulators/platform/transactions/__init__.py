"""The transactions of the platform, one module a subject; each handler takes the desk and a call, gives the answer."""
