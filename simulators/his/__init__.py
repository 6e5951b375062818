"""The reference HIS adapter: what a pharmacy's program does between its cashier, its scanner box and the systems.

It is a process of its own, `python -m simulators.his pharmacy`, driven through the counter port (docs/counter-port.md),
and shares no code with the harness: it is written as a vendor would write it, from the interface documents.
"""
