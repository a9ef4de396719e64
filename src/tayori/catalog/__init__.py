"""What customers keep: senders and templates."""
