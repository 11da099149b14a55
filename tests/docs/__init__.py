"""The documentation is tested: its examples run, its tables come from the code, its links lead somewhere."""
