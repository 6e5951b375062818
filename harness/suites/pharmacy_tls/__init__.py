"""The cases of the plan `pharmacy-tls`: a pharmacy whose platform and voucher centre are reached over TLS."""
