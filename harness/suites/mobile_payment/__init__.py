"""Cases of the plan `mobile-payment`: a mobile-payment centre under test, with a hospital and people who pay by App."""
