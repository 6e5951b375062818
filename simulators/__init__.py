"""Stand-ins for the parties of a joint test, one package each; found by entry point `liantiao.simulators`."""
