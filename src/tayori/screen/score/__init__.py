"""How good a mail is for receivers, from 0 to 10, with every point lost explained."""
