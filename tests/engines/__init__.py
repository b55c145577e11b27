"""Rules on engines that are not ours."""
