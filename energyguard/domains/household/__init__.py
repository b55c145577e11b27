"""Households: simulated homes, with labelled faults, and the sample of real appliances."""
