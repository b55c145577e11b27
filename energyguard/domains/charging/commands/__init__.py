"""Commands of charging: simulate, list, import and replay; the rule `charging` in a terminal."""
