"""What is abnormal: rules, checks of files, rules over files without services, jobs."""
