"""What every command is made of: the call, times and spans, answers, the note in the audit."""
