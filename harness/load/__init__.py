"""Load: an open-loop driver that replays arrivals against a bench, and counts every latency from when it was due.

`trace` says when customers come, `open_loop` sends them out, `http` is the lean client underneath, `purchase` and
`machine` are what a customer does, `results` is what came of it, `running` puts a run together.
"""
