"""Inbound SMTP: takes what is for us, stores it, and says yes; decides nothing else."""
