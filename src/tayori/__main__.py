"""`python -m tayori` is the command `tayori`."""

from tayori.cli import main

main()
