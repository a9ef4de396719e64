"""The SES API 3.0: its protocol, its signatures and its actions."""
