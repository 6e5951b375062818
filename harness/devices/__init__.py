"""Drivers: the host side of each kind of device, the same for a real and a virtual one."""
