"""The cases of the plan `encryption-machine`: every command, every refusal, every fault, results recomputed."""
