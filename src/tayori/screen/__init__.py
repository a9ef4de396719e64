"""What may go out: review of templates by rules, and screening of mails."""
