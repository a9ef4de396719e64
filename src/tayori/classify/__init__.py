"""Names what a receiver's reply means; pure, knows no tenant and no database."""
