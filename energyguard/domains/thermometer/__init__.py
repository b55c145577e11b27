"""System D's thermometer: a simulated one."""
