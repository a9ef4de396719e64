"""What files are by their octets, and what is inside of them: programs, macros, archives."""
