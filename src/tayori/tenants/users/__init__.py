"""People who use the console: users and their roles, passwords, sessions, links and audit log."""
