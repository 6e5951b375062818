"""The scenario that a calibration leaves: the peak hour with the measured steps in place of assumed ones."""

from collections.abc import Mapping, Sequence

from simulators.clinic.calibration_fit import Fit

HEAD = """# Measured on a bench: what the parties' stand-ins take on that machine, not what a province's systems take.
# What is not here was not measured, and is as peak-hour has it: people, network, bank.
extends = "peak-hour"
id = "measured"
title = "Monday morning peak, with service times measured on this bench"
title_zh = "周一早高峰，服务时间取自本台实测"
"""
OF_EXCHANGE = {
    "scan": "scanner decode",
    "sign": "encryption-machine sign",
    "verify": "encryption-machine verify",
}
"""Steps of the model that are one exchange of one party."""
OF_PURCHASE = {"his": "HIS: ec.query, 1101, 2101", "split": "platform: 2102"}
"""Steps of the model that are several messages of a purchase."""


def scenario_text(fits: Sequence[Fit], of_steps: Mapping[str, Fit]) -> str:
    """A scenario file for `liantiao model`; the model takes mean and coefficient of variation, and is lognormal."""
    by_name = {one.name: one for one in fits} | dict(of_steps)
    parts = [HEAD]
    for step, name in {**OF_EXCHANGE, **OF_PURCHASE}.items():
        if name in by_name:
            parts.append(_step(step, by_name[name]))
    return "\n".join(parts)


def _step(step: str, one: Fit) -> str:
    lognormal = next(law for law in one.laws if law.name == "lognormal")
    how = f"measured: on this bench, {one.name}, {one.count} recorded, lognormal fit with KS {lognormal.distance:.3f}"
    return (
        f"[step.{step}]\n"
        f'mean = {{ value = {one.mean:.9f}, unit = "s", source = "{how}" }}\n'
        f'cv = {{ value = {min(one.cv, 10.0):.4f}, unit = "1", source = "{how}" }}\n'
    )
