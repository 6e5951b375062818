"""The cases of the plan `hospital`: registration, outpatient fees, a stay, and what goes wrong around them."""
