"""Tables, transactions and migrations, the same for the embedded database and PostgreSQL."""
