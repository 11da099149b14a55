"""What people are told, whichever way they ask: the command line and the pages show the same things by the same functions."""
