"""The bench: what a `bench.toml` says, brought up, wired, and taken down again."""
