"""The SMTP protocol over streams, client and server; it knows no tenant and no database."""
