"""The pytest suites that ship with the harness; a plan names one."""
