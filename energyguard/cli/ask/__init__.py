"""What there is and what was: devices, energies, money, alerts, silences."""
