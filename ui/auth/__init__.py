"""Who is asking: ways to prove it, sessions, the gate in front of the service, and the log of what was asked."""
