"""The tests of davdrive."""
