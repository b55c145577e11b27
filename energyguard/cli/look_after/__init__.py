"""Who may come in, copies, messages, traces, the log and what its topics hold."""
